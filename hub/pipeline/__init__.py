"""The straight pipe: intake, submit, receive, settle. Each step is one module, read top to bottom."""
