/// Jobs in queues of AWS SQS. `SqsEngine` is the way in.
///
/// A `Service` is the client with its time limits, `Batches` its batch calls with an end for each
/// entry, `Topology` the two SQS queues of one `SqsQueue`. Jobs go out by way of `Offers`, as an
/// `Outgoing` message that `MessageText` writes from an `Envelope`. They come in through a
/// `Receiver`, which fetches what is wanted, and its `Intake`, which sorts; what is here, or was
/// lately, is in the `Ledger`. `Settling` ends claims, `DeadLetters` looks after the dead, and the
/// `Gauge` asks how deep the queues are.
package dev.sluice.sqs;
