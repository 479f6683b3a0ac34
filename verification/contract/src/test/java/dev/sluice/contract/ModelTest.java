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
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/// The model finds planted defects, and shrinks to what matters.
final class ModelTest {

  private static Optional<String> found(Function<Environment, Engine> defective) {
    Model model = new Model(defective, ReferenceEngine::new);
    for (long seed = 1; seed <= 100; seed++) {
      Optional<String> disagreement = model.disagreement(seed, 60);
      if (disagreement.isPresent()) {
        return disagreement;
      }
    }
    return Optional.empty();
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
