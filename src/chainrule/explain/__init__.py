"""Why: derivatives written out with their numbers, and what a network looks at."""
