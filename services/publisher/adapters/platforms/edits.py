"""What an edited reply shall read: as it would be sent today, with the mention before it where that belongs there."""

from services.publisher.domain import formatting
from services.publisher.domain.publications import Publication
from services.publisher.domain.tasks import Task
from shared.ids import PublicationId


def wording_of(task: Task) -> str:
    """The new text of a whole reply; only such are edited, never the parts of a thread."""
    as_sent = Publication(
        publication=PublicationId(task.publication or task.task),
        agency=task.agency,
        platform=task.platform,
        account=task.account,
        thread=task.thread,
        response=task.order,
        case=task.case,
        comments=(),
        reply_to=task.reply_to or task.thread,
        text=task.text or "",
        mention=task.mention,
    )
    return formatting.with_mention(as_sent)
