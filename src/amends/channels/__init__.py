"""Pure network protocols: one network a file, one driver, one list."""
