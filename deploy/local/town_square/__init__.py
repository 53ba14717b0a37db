"""The town square: a small stand-in platform for the local run and for the tests.

It speaks the Mastodon client API and a piece of Meta's Graph API, so that the real adapters are used end
to end, and it has a page for citizens. It knows nothing of Parley: no module of `shared` or `services`
is imported here.
"""
