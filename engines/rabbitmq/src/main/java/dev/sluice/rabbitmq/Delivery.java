package dev.sluice.rabbitmq;

import dev.sluice.job.Priority;

/// A message that the broker gave to this process and waits to hear of.
///
/// Threading: immutable.
///
/// @param session the channel it came on, the only one on which it can be settled
/// @param tag its number on that channel
/// @param priority the line it came from
/// @param envelope what it says
record Delivery(Session session, long tag, Priority priority, Envelope envelope) {}
