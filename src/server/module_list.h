// The modules of the server, in the order in which handlers of the same stage run.
//
// Adding an extension adds its line here; everything else stands in its own file in modules/.
HEROLD_MODULE_NAME(roster)
HEROLD_MODULE_NAME(subscriptions)
HEROLD_MODULE_NAME(presence)
HEROLD_MODULE_NAME(offline)
HEROLD_MODULE_NAME(carbons)
HEROLD_MODULE_NAME(csi)
HEROLD_MODULE_NAME(ping)
