"""How a comment is put, whatever it is about: whether it asks without a question mark, jeers, or offers behind a link.

What people say is vocabulary and stands in each policy; how a language asks is grammar and stands here. All patterns
are one RE2 set over normalised text (small letters, no joiners), so that they cost one more glance at the comment.
"""

from typing import Literal

from services.policy.domain.triage.phrases import PatternSet

Manner = Literal["asks", "jeers", "links", "offers"]

_SENTENCE = "(?:^|[.!;:,] )"
_CLOSERS = "(?: (?:please|pls|sir|madam|thanks|thank you|සර්|මිස්|මැඩම්|ස්තුතියි|ස්තූතියි|බොහොම ස්තුතියි|சார்|ஐயா|மேடம்|நன்றி|மிக்க நன்றி))?"
_END = rf"(?:{_CLOSERS}[^\pL\pM]*$| ?[.!…])"

_AUXILIARY = "is|are|was|were|did|does|can|could|will|would|should|has|have|had"
_SOMEBODY = "i|you|we|they|he|she|it|there|the|this|that|these|those|your|our|my|any|anyone|someone"
_ENGLISH = (
    rf"{_SENTENCE}(?:(?:{_AUXILIARY}) (?:{_SOMEBODY})|do (?:i|you|we|they)|may (?:i|we)|why"
    rf"|(?:how|when|where|who|which|what) (?:{_AUXILIARY}|do|to))\b"
)
_SINHALA = "(?:^|[^න]ේ|[^ේ])ද" + _END
"""The particle at the end of a sentence; within one it means "too", and නේද only seeks assent."""

_TAMIL = "(?:ுமா|லாமா|ததா|றதா|ளதா|ர்களா|ல்லையா|உண்டா|இருக்கா|சரியா)" + _END
"""Verbs with the particle ஆ. Many nouns end alike (விசா, அம்மா), so only endings of verbs are named."""

_OFFERS = (
    r"\b(?:earn|win|bonus|discount|giveaway|investment|invest|profit|forex|crypto|bitcoin|casino|betting|loans?|promo"
    r"|followers|join now|sign up|limited time|cash prize|free gift)\b|[0-9]% off"
    "|ලාභයක්|ණය පහසුකම|දිනාගන්න|දිනා ගන්න|ත්යාග|සල්ලි හොය|வெல்லுங்கள்|சம்பாதி|தள்ளுபடி|பரிசு|உடனடி கடன்"
)

_MANNERS: PatternSet[Manner] = PatternSet(
    [
        (_ENGLISH, "asks"),
        (_SINHALA, "asks"),
        (_TAMIL, "asks"),
        ("[!?] ?!|! ?[?]|[😂🤣🤡]", "jeers"),
        (r"https?://|\bwww\.|\b(?:t\.me|wa\.me|bit\.ly|tinyurl\.com)/", "links"),
        (_OFFERS, "offers"),
    ]
)


def manner_of(text: str) -> frozenset[Manner]:
    """The manners of ``text`` (normalised)."""
    return frozenset(_MANNERS.find(text))
