"""In the browser: watch a network learn, and see every derivative."""
