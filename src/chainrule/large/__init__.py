"""What does not fit into memory: read, measured, encoded and mixed a part at a time.

- `streamed`: what training reads from, chunk by chunk.
- Tables: `blocks` (rows of a file in any order: `block`, `text`, `parquet`), `survey` (parts, sample, target), `measure` (what encoders need).
- Pictures: `pictures`, of memory maps.
"""
