package dev.sluice.examples;

import dev.sluice.Codec;
import dev.sluice.JobType;
import dev.sluice.Outcome;
import dev.sluice.Sluice;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.Admission.Duplicate;
import dev.sluice.job.Admission.Refused;
import dev.sluice.sqlite.SqliteEngine;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/// The smallest embedded use: jobs in one file, one handler, three answers.
final class SmallestUse {
  static final JobType<String> WELCOME = JobType.of("welcome-email", Codec.string());

  private SmallestUse() {}

  public static void main(String[] args) throws InterruptedException {
    CountDownLatch welcomed = new CountDownLatch(1);
    try (Sluice sluice =
        Sluice.on(SqliteEngine.open(Path.of(args[0])))
            .handle(
                WELCOME,
                (address, job) -> {
                  System.out.println("welcome, " + address);
                  welcomed.countDown();
                  return Outcome.done();
                })
            .start()) {
      switch (sluice.enqueue(WELCOME, "ada@example.org")) {
        case Accepted(var id) -> System.out.println("202 job " + id);
        case Duplicate(var id) -> System.out.println("202 job " + id + ", known already");
        case Refused(var reason, var wait) -> System.out.println("503 " + reason.sentence());
      }
      welcomed.await(); // a server would go on serving here
    }
  }
}
