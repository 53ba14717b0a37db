"""Apache Kafka without a container: the broker of production, out of its Maven artifacts.

The embedded run uses a small broker that keeps nothing on disk. What is promised about Kafka has to
hold on Kafka itself, also where there is no Docker; so this package copies the jars, writes the
configuration of one KRaft node and runs it. `python -m deploy.local.apache_kafka` is the command,
`ApacheKafka` the same for tests.
"""

from deploy.local.apache_kafka.jars import NeededPartMissing
from deploy.local.apache_kafka.server import ApacheKafka, NotReady

__all__ = ["ApacheKafka", "NeededPartMissing", "NotReady"]
