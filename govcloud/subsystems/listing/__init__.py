"""The power list (权力清单) and the implementation list (实施清单): their entries by version, their editions, and their import."""
