// Nothing: a target that compiles standard.h needs a source.
