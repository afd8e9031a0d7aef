"""The tables: what Parley knows for good. Times are seconds since 1970 (UTC)."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

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
Index("questions_asked", questions.c.asker, questions.c.claimed_at)
# Holds all that a report counts, so that it need not look at the rows themselves.
Index("questions_claimed", questions.c.claimed_at, questions.c.conversation)

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

ratings = Table(
    "ratings",
    metadata,
    Column("reply", String, ForeignKey("replies.id"), primary_key=True),
    Column("person", String, primary_key=True),
    # 1: good; 0: bad.
    Column("good", Integer, nullable=False),
    Column("rated_at", Float, nullable=False),
)
Index("ratings_rated", ratings.c.rated_at, ratings.c.reply, ratings.c.good)

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
    # What it was for: answer, or summary.
    Column("purpose", String, nullable=False, server_default="answer"),
    # Who asked: platform/id. Where: platform/workspace/channel.
    Column("person", String, nullable=False, server_default=""),
    Column("place", String, nullable=False, server_default=""),
    # In nano-dollars.
    Column("cost", BigInteger, nullable=False, server_default="0"),
)
Index("model_calls_begun", model_calls.c.begun_at)

# The calls of a day added up, so that a report need not read each of them.
usage_days = Table(
    "usage_days",
    metadata,
    # As 2026-11-28, in the time zone of the settings.
    Column("day", String, primary_key=True),
    Column("person", String, primary_key=True),
    Column("place", String, primary_key=True),
    Column("model", String, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("prompt", BigInteger, nullable=False),
    Column("cached", BigInteger, nullable=False),
    Column("written", BigInteger, nullable=False),
    Column("completion", BigInteger, nullable=False),
    Column("reasoning", BigInteger, nullable=False),
    Column("cost", BigInteger, nullable=False),
    # How many of the calls have figures that are our own count.
    Column("estimated", BigInteger, nullable=False),
)
Index("usage_days_person", usage_days.c.person, usage_days.c.day)

# The same by channel and by workspace, where each day of a large team has thousands of those.
usage_sums = Table(
    "usage_sums",
    metadata,
    # platform/workspace/channel, or platform/workspace.
    Column("scope", String, primary_key=True),
    # What `name` names: person, or model.
    Column("kind", String, primary_key=True),
    Column("day", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("prompt", BigInteger, nullable=False),
    Column("cached", BigInteger, nullable=False),
    Column("completion", BigInteger, nullable=False),
    Column("cost", BigInteger, nullable=False),
    Column("estimated", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("usage_sums_name", usage_sums.c.name, usage_sums.c.day)

# What was used of each limit in one of its days or months; in nano-dollars or tokens.
spending = Table(
    "spending",
    metadata,
    Column("key", String, primary_key=True),
    Column("unit", String, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False, server_default="0"),
    Column("reserved", BigInteger, nullable=False, server_default="0"),
    # The highest level, in per cent, of which the operator was told.
    Column("told", Integer, nullable=False, server_default="0"),
    Column("ends", Float, nullable=False),
)

reservations = Table(
    "reservations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", String, nullable=False),
    # The call, what was taken for it and from which counters, as JSON.
    Column("body", Text, nullable=False),
)

# People who were forgotten a short while ago, until every process knows it.
erasures = Table(
    "erasures",
    metadata,
    # What stands in the place of their name.
    Column("pseudonym", String, primary_key=True),
    # As platform/id.
    Column("person", String, nullable=False),
    Column("erased_at", Float, nullable=False),
)

threads = Table(
    "threads",
    metadata,
    Column("conversation", String, primary_key=True),
    Column("joined_at", Float, nullable=False),
    # Since when people talk to each other there, without the bot; null while it listens.
    Column("quiet_since", Float),
    # Who wrote since the bot spoke last, oldest first, a space between two.
    Column("run", String, nullable=False, server_default=""),
    # The time of the message by which these two last changed.
    Column("stands_since", Float, nullable=False, server_default="0"),
)

# Questions of other programs that were taken since a person asked something.
exchanges = Table(
    "exchanges",
    metadata,
    # A conversation, or a channel with all of its threads.
    Column("place", String, primary_key=True),
    Column("taken", Integer, nullable=False),
    # 1 once the log says that no more are.
    Column("told", Integer, nullable=False, server_default="0"),
)

pauses = Table(
    "pauses",
    metadata,
    Column("channel", String, primary_key=True),
    Column("paused_at", Float, nullable=False),
    Column("paused_by", String, nullable=False),
)

guilds = Table(
    "guilds",
    metadata,
    # A server of Discord's in which the bot is, or was.
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, server_default=""),
    # 1 where the bot answers.
    Column("allowed", Integer, nullable=False),
    Column("changed_at", Float, nullable=False),
)

installations = Table(
    "installations",
    metadata,
    # The workspace, as platform/id.
    Column("workspace", String, primary_key=True),
    Column("name", String, nullable=False),
    # The bot's token there, encrypted with TOKEN_KEY.
    Column("token", Text, nullable=False),
    Column("installed_at", Float, nullable=False),
)

introductions = Table(
    "introductions",
    metadata,
    Column("channel", String, primary_key=True),
    # The reply below which the bot said what it is.
    Column("reply", String, nullable=False),
    Column("made_at", Float, nullable=False),
)

marks = Table(
    "marks",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

texts = Table(
    "texts",
    metadata,
    Column("id", Integer, primary_key=True),
    # What it is, such as a summary.
    Column("kind", String, nullable=False),
    # Where its sources stand: platform/workspace/channel.
    Column("place", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("expires_at", Float, nullable=False),
)
Index("texts_expire", texts.c.expires_at)

text_sources = Table(
    "text_sources",
    metadata,
    Column("text", Integer, ForeignKey("texts.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("message", String, nullable=False),
    # Of what the message said when the text was made from it.
    Column("digest", String, nullable=False),
)
Index("text_sources_message", text_sources.c.message)
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
