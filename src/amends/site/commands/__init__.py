"""The sub-commands, one a module: NAME, HELP, EXITS, add_arguments and run."""
