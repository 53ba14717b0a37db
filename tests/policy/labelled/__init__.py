"""Comments with the decision that a careful officer would want for each, and how far the sample policies agree.

The comments are written for this purpose, as citizens of Sri Lanka write to a passport office, a water board and a
central bank: in English, Sinhala and Tamil in about equal parts, long and short, with slips, emojis and Sinhala or
Tamil in Latin letters. At least ten stand for each rule of the baseline from 2 on (rule 1 holds for every comment),
and a few for what an agency adds for itself. ``looks_like`` marks those that carry the words of another rule: "dying
to know when you open" is no emergency, criticism of a minister no abuse.

The labels come from the meaning of the rules, never from what a policy says: the files hold errors of the policies,
and their count is the point. Where a rule leaves something open, the labels read it so:

- 2 takes L0, whatever the words are about: nothing is answered.
- 9: what nobody in the team can read goes to a person at L2 until it is translated.
- 17: what speaks for a party or candidate is let stand, one level up like all else.
- 18: only what the crisis pack covers is answered; other questions get the holding reply, ``hold``.
- 19: nothing is answered; who is told of it is a duty, the level is that of sensitivity and damage.
- 20, 22: one level up and L2 hold for a cleared line as well; 21 spares it.
- 24, 25, 26: a claim is high where many would act on it to their harm or to that of a vote or the currency, medium
  where a few lose time, money or trust, low where nobody would act on it.
- 32: a cleared line answers only what it says; a question that it merely touches is 33, L1.
- 38: praise and blame that contradict each other, or irony that may be either.

A line of a file is one comment: what ``parley policy try --file`` takes (``language`` is the one it is written in, and
what its platform says of it), and beside it the ``agency`` it is written to, ``older`` (days since it was sent),
``period`` (one that is in force), ``admitted`` (a topic in which the agency has admitted a fault), its ``part`` and
what to ``expect``.

Whoever writes rules and phrases may look at the part ``tuning`` only. The other part, ``held_out``, tells whether what
was learned there holds for comments that nobody looked at.
"""
