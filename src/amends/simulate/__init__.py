"""The desk as a simulation over the rules: questions of staffing and policy."""
