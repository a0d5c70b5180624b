"""From files to samples: what DATA names is read, and nothing is fitted or dropped.

- What DATA names: `read` (the door), `datasets` (built in), `catalogue` (published, by `fetch` and `cache`).
- Tables: `source`, `delimited` and `dialect` (text), `kinds` (what a column's cells are).
- Pictures, sounds, texts: `media`, `listing` (folders, zips), `gallery` and `decode`, `wav`.
- Arrays: `arrays` (.npz, .mat), `idx`, `cifar`, `pixels`, `mapped` (on the disk).
- What all of them return: `source.Source`, `samples`, `unreadable`; what guards them: `archive`, `raw`.
"""
