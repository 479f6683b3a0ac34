package dev.sluice;

import dev.sluice.job.Job;

/// A handler together with the codec that its payload needs.
///
/// Threading: immutable.
record Registration<T>(JobType<T> type, Handler<T> handler) {
  Outcome call(Job job, JobContext context) throws Exception {
    return handler.handle(type.codec().decode(job.payload()), context);
  }
}
