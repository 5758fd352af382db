"""The whole put together: settings, addresses, the `amends` command, the machine it runs on."""
