"""A model that answers: predictions over HTTP, a page to ask by hand, and numbers on what came in."""
