"""The tables: what Parley knows for good. Times are seconds since 1970 (UTC)."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

questions = Table(
    "questions",
    metadata,
    Column("key", String, primary_key=True),
    Column("conversation", String, nullable=False),
    Column("asker", String, nullable=False),
    # claimed: waits for its turn; answering: a reply is being written; settled: it ended.
    Column("state", String, nullable=False),
    # How it ended: answered, cut_off, filtered, refused, failed, interrupted, undelivered.
    Column("outcome", String, nullable=False, server_default=""),
    Column("owner", String, nullable=False),
    Column("lease_until", Float, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="1"),
    Column("claimed_at", Float, nullable=False),
    Column("settled_at", Float),
    # The question itself as JSON while it is open: text at rest, gone once settled.
    Column("body", Text, nullable=False, server_default=""),
    Column("reply", String, ForeignKey("replies.id")),
)
Index("questions_open", questions.c.state, questions.c.lease_until)
Index("questions_by_reply", questions.c.reply)

replies = Table(
    "replies",
    metadata,
    Column("id", String, primary_key=True),
    Column("conversation", String, nullable=False),
    Column("begun_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("outcome", String, nullable=False, server_default=""),
    Column("seen", Integer, nullable=False, server_default="0"),
    # What another process was asked to do with it while it is written: stop, withdraw.
    Column("wish", String, nullable=False, server_default=""),
    # The reply whose place it has taken.
    Column("replaces", String, nullable=False, server_default=""),
    # How it came about, as JSON: what the model was shown and what not; ids and figures only.
    Column("about", Text, nullable=False, server_default="{}"),
)

former_texts = Table(
    "former_texts",
    metadata,
    # Text at rest: what stood where this reply stands now, until its time is over.
    Column("reply", String, ForeignKey("replies.id"), primary_key=True),
    Column("text", Text, nullable=False),
    Column("until", Float, nullable=False, index=True),
)

ratings = Table(
    "ratings",
    metadata,
    Column("reply", String, ForeignKey("replies.id"), primary_key=True),
    Column("person", String, primary_key=True),
    # 1: good; 0: bad.
    Column("good", Integer, nullable=False),
    Column("rated_at", Float, nullable=False),
)

reply_messages = Table(
    "reply_messages",
    metadata,
    Column("reply", String, ForeignKey("replies.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("message", String, nullable=False),
)

model_calls = Table(
    "model_calls",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("reply", String, ForeignKey("replies.id"), nullable=False, index=True),
    Column("model", String, nullable=False),
    Column("request_id", String, nullable=False, server_default=""),
    # The finish reason, or the name of the error.
    Column("outcome", String, nullable=False),
    Column("begun_at", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("prompt_tokens", Integer, nullable=False, server_default="0"),
    Column("cached_tokens", Integer, nullable=False, server_default="0"),
    Column("written_tokens", Integer, nullable=False, server_default="0"),
    Column("completion_tokens", Integer, nullable=False, server_default="0"),
    Column("reasoning_tokens", Integer, nullable=False, server_default="0"),
    # 1 where the endpoint reported no usage and the figures are our own count.
    Column("estimated", Integer, nullable=False, server_default="0"),
)

threads = Table(
    "threads",
    metadata,
    Column("conversation", String, primary_key=True),
    Column("joined_at", Float, nullable=False),
)

marks = Table(
    "marks",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

channel_settings = Table(
    "channel_settings",
    metadata,
    # platform/workspace, or platform/workspace/channel.
    Column("scope", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),  # JSON
    Column("changed_by", String, nullable=False),
    Column("changed_at", Float, nullable=False),
)

setting_changes = Table(
    "setting_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("scope", String, nullable=False, index=True),
    Column("name", String, nullable=False),
    # JSON; NULL where nothing was set, or is set any more.
    Column("before", Text),
    Column("after", Text),
    Column("changed_by", String, nullable=False),
    Column("changed_at", Float, nullable=False),
)
