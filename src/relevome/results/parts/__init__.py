"""Results that are kept part by part, so that they can be read at any moment and go on where they stopped.

Such a folder has a manifest, one JSON file that says what was asked and what came of it, and numbered parts
in Parquet, each with the counts that belong to its rows.
"""
