"""Real servers for the tests: loopback only, on free ports, ended by whoever started them."""
