package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.Bound;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Offer;
import dev.sluice.engine.PartlyTakenException;
import dev.sluice.job.Admission;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class GroupCommitterTest {
  private static final int BATCH = 50;
  private static final Limits LIMITS = Limits.exact("fake", false, BATCH, 1000, Duration.ofDays(1));

  private static List<Offer> offers(int from, int count) {
    return IntStream.range(from, from + count)
        .mapToObj(number ->
            new Offer(
                new Job(
                    new JobId(number, 0),
                    "q",
                    "t",
                    new byte[0],
                    Priority.NORMAL,
                    0,
                    JobOptions.NONE),
                Bound.NONE))
        .toList();
  }

  private static List<Admission> accepted(List<Offer> offers) {
    return offers.stream()
        .<Admission>map(offer -> new Admission.Accepted(offer.job().id()))
        .toList();
  }

  private static GroupCommitter committer(Function<List<Offer>, List<Admission>> offer) {
    return new GroupCommitter(
        new OfferOnly(LIMITS, offer), Environment.system().clock(), (_, _) -> {});
  }

  @Test
  void eachOfManyProducersGetsItsOwnAnswersInOrder() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    AtomicInteger atOnce = new AtomicInteger();
    GroupCommitter committer =
        committer(offers -> {
          calls.incrementAndGet();
          assertThat(atOnce.incrementAndGet()).isEqualTo(1);
          assertThat(offers).hasSizeLessThanOrEqualTo(BATCH);
          atOnce.decrementAndGet();
          return accepted(offers);
        });
    int producers = 500;
    int each = 40;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all =
          IntStream.range(0, producers)
              .<Future<?>>mapToObj(producer ->
                  threads.submit(() -> {
                    for (int i = 0; i < each; i++) {
                      List<Offer> mine = offers((producer * each + i) * 10, 1 + i % 3);
                      assertThat(committer.commit(mine)).isEqualTo(accepted(mine));
                    }
                  }))
              .toList();
      for (Future<?> one : all) {
        one.get();
      }
    }
    assertThat(calls.get()).isLessThanOrEqualTo(producers * each);
  }

  @Test
  void anInterruptLosesNeitherTheAnswerNorTheFlag() throws Exception {
    CountDownLatch leading = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    GroupCommitter committer =
        committer(offers -> {
          leading.countDown();
          awaitUninterruptibly(go);
          return accepted(offers);
        });
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> leader = threads.submit(() -> committer.commit(offers(0, 1)));
      leading.await();
      Future<Boolean> follower =
          threads.submit(() -> {
            Thread.currentThread().interrupt();
            assertThat(committer.commit(offers(1, 1))).isEqualTo(accepted(offers(1, 1)));
            return Thread.currentThread().isInterrupted();
          });
      go.countDown();
      leader.get();
      assertThat(follower.get()).isTrue();
    }
  }

  @Test
  void aFailureOfTheEngineReachesEveryCallerWithItsOwnException() throws Exception {
    CountDownLatch leading = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    GroupCommitter committer =
        committer(_ -> {
          leading.countDown();
          awaitUninterruptibly(go);
          throw new EngineUnavailableException("the disk is full");
        });
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Throwable>> all =
          IntStream.range(0, 100)
              .mapToObj(i -> threads.submit(() -> failure(committer, offers(i, 1))))
              .toList();
      leading.await();
      go.countDown();
      List<Throwable> failures = new java.util.ArrayList<>();
      for (Future<Throwable> one : all) {
        failures.add(one.get());
      }
      assertThat(failures)
          .allSatisfy(failure ->
              assertThat(failure)
                  .isInstanceOf(EngineUnavailableException.class)
                  .hasMessage("the disk is full"))
          .doesNotHaveDuplicates();
    }
  }

  @Test
  void whoseJobsWereAnsweredHearsNothingOfTheFailureOfOthers() throws Exception {
    CountDownLatch leading = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    AtomicInteger gathered = new AtomicInteger();
    GroupCommitter committer =
        committer(offers -> {
          if (leading.getCount() > 0) {
            leading.countDown();
            awaitUninterruptibly(go);
            return accepted(offers);
          }
          gathered.set(offers.size());
          List<Optional<Admission>> answers =
              accepted(offers).stream()
                  .map(answer -> Optional.of(answer).filter(it -> isEven((Admission.Accepted) it)))
                  .toList();
          throw new PartlyTakenException("some were", new IllegalStateException("x"), answers);
        });
    Thread leader = Thread.ofVirtual().start(() -> committer.commit(offers(100, 1)));
    leading.await();
    Map<Integer, Object> heard = new ConcurrentHashMap<>();
    List<Thread> others =
        IntStream.range(0, 10)
            .mapToObj(i -> Thread.ofVirtual().start(() -> heard.put(i, heard(committer, i))))
            .toList();
    while (!others.stream().allMatch(it -> it.getState() == Thread.State.WAITING)) {
      Thread.onSpinWait();
    }
    go.countDown();
    leader.join();
    for (Thread other : others) {
      other.join();
    }

    assertThat(gathered).hasValue(10);
    IntStream.range(0, 10)
        .forEach(i ->
            assertThat(heard.get(i))
                .isEqualTo(i % 2 == 0 ? accepted(offers(i, 1)) : (Object) "some were"));
  }

  private static Object heard(GroupCommitter committer, int number) {
    try {
      return committer.commit(offers(number, 1));
    } catch (EngineUnavailableException failure) {
      return String.valueOf(failure.getMessage());
    }
  }

  private static boolean isEven(Admission.Accepted answer) {
    return answer.id().high() % 2 == 0;
  }

  @Test
  void anyFailureAtAllIsToldAndTheNextCommitWorks() {
    AtomicInteger calls = new AtomicInteger();
    GroupCommitter committer =
        committer(offers -> {
          if (calls.getAndIncrement() == 0) {
            throw new StackOverflowError();
          }
          return accepted(offers);
        });
    assertThatThrownBy(() -> committer.commit(offers(0, 1)))
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessage("the engine failed: java.lang.StackOverflowError")
        .hasCauseInstanceOf(StackOverflowError.class);
    assertThat(committer.commit(offers(1, 2))).isEqualTo(accepted(offers(1, 2)));
  }

  private static Throwable failure(GroupCommitter committer, List<Offer> offers) {
    try {
      committer.commit(offers);
      return new AssertionError("committed");
    } catch (EngineUnavailableException failure) {
      return failure;
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    boolean interrupted = false;
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
