"""What is done without anybody waiting for it: procrastinate tasks and the process that runs them."""
