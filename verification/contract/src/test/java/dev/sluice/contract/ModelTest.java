package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.JobId;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/// The model finds planted defects, and shrinks to what matters.
final class ModelTest {

  /// The shortest of a few disagreements: a claim that is named by a large number keeps the
  /// commands that the number was counted over, so a single seed may shrink to more than matters.
  private static Optional<String> found(Function<Environment, Engine> defective) {
    Model model = new Model(defective, ReferenceEngine::new);
    return LongStream.rangeClosed(1, 100)
        .mapToObj(seed -> model.disagreement(seed, 60))
        .flatMap(Optional::stream)
        .limit(3)
        .min(Comparator.comparingLong(found -> found.lines().count()));
  }

  @Test
  void equalEnginesAgree() {
    Model model = new Model(ReferenceEngine::new, ReferenceEngine::new);
    for (long seed = 1; seed <= 10; seed++) {
      assertThat(model.disagreement(seed, 60)).isEmpty();
    }
  }

  @Test
  void aBoundOvershotByOneIsFoundInFewCommands() {
    Optional<String> found = found(OneTooMany::new);

    assertThat(found).isPresent();
    assertThat(found.orElseThrow()).containsPattern("seed [0-9]+, [1-4] of 60 commands");
  }

  @Test
  void aForgottenRequestToCancelIsFoundInFewCommands() {
    Optional<String> found = found(DeafToCancel::new);

    assertThat(found).isPresent();
    assertThat(found.orElseThrow()).containsPattern("seed [0-9]+, [1-9] of 60 commands");
  }

  @Test
  void anEndRecordedWithoutItsWorkIsFoundInFewCommands() {
    Optional<String> found = found(ForgetfulOfEnds::new);

    assertThat(found).isPresent();
    assertThat(found.orElseThrow()).containsPattern("seed [0-9]+, [1-4] of 60 commands");
  }

  @Test
  void aJobThatDoesNotRunNowIsFoundInFewCommands() {
    Optional<String> found = found(DeafToRunNow::new);

    assertThat(found).isPresent();
    assertThat(found.orElseThrow()).containsPattern("seed [0-9]+, [1-4] of 60 commands");
  }

  @Test
  void aJobThatIsNotDeletedIsFoundInFewCommands() {
    Optional<String> found = found(KeepsDeleted::new);

    assertThat(found).isPresent();
    assertThat(found.orElseThrow()).containsPattern("seed [0-9]+, [1-4] of 60 commands");
  }

  private static final class DeafToRunNow extends ReferenceEngine {
    DeafToRunNow(Environment environment) {
      super(environment);
    }

    @Override
    public synchronized Control runNow(JobId id) {
      return find(id).filter(view -> view.state().isWaiting()).isPresent()
          ? Control.APPLIED
          : super.runNow(id);
    }
  }

  private static final class KeepsDeleted extends ReferenceEngine {
    KeepsDeleted(Environment environment) {
      super(environment);
    }

    @Override
    public synchronized Control delete(JobId id) {
      return find(id).filter(view -> view.state().isTerminal()).isPresent()
          ? Control.APPLIED
          : super.delete(id);
    }
  }

  private static final class OneTooMany extends ReferenceEngine {
    OneTooMany(Environment environment) {
      super(environment);
    }

    @Override
    public synchronized List<Admission> offer(List<Offer> offers) {
      return super.offer(
          offers.stream()
              .map(o -> new Offer(o.job(), new Bound(o.bound().jobs() + 1, o.bound().bytes())))
              .toList());
    }
  }

  private static final class DeafToCancel extends ReferenceEngine {
    DeafToCancel(Environment environment) {
      super(environment);
    }

    @Override
    public synchronized List<Extension> extend(List<Lease> leases, Duration by) {
      return super.extend(leases, by).stream()
          .map(e -> e == Extension.CANCEL_REQUESTED ? Extension.EXTENDED : e)
          .toList();
    }
  }

  private static final class ForgetfulOfEnds extends ReferenceEngine {
    ForgetfulOfEnds(Environment environment) {
      super(environment);
    }

    @Override
    public synchronized List<Settled> settle(List<Settle> settles) {
      if (settles.size() == 1 && settles.getFirst().settlement() instanceof Settlement.Complete) {
        return List.of(Settled.APPLIED);
      }
      return super.settle(settles);
    }
  }
}
