"""Pictures: plots, and the page that holds them."""
