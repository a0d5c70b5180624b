"""The main job: settings in, a trained, saved and reported network out."""
