"""The best small model for a table: members on folds, picked by what they say of rows that were held out."""
