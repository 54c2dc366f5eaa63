"""Words and pictures about a decision or a model: terminal, Markdown, HTML, JSON; pure."""
