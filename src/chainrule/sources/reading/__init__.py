"""How a table was written: found once, by looking at every cell as text, and kept with the model.

- `encoding`: bytes → text. `dialect`, `delimiter`, `header`: how a text is cut into cells, and which line names the columns.
- `cells`: the cells of a file, all of them as text, and in which line each row stands.
- `notation`: what a cell of a column means, whatever stands beside it; by `numbers`, `dates`, `words` and `values`.
- `evidence`: what all the cells of a column look like; `decide`: the notation that follows from it.
- `reading`: the notations of all columns and the dialect of their file, as a model file keeps them.
"""
