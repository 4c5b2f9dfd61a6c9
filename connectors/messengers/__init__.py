"""How people and their systems are told: mail over SMTP, and signed calls of a URL.

Unlike a channel, a messenger carries no business documents: what it says must be fit for anybody's eyes. Telling twice
does less harm than not telling, so that whatever is unclear counts as not told; both carry an id that stays the same.
"""
