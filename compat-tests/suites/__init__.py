"""One file for each suite; each has run(context) and reports through context.report."""
