// The modules of the server, in the order in which handlers of the same stage run.
//
// Adding an extension adds its line here; everything else stands in its own file in modules/.
HEROLD_MODULE_NAME(ping)
