package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.Environment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class CallerTest {
  private final Semaphore answers = new Semaphore(0);
  private final Caller<String> caller =
      Caller.start(Environment.system().threads(), "caller", answers::release);

  @AfterEach
  void end() {
    caller.end();
  }

  @Test
  void asksOnItsOwnThreadAndAnswersOnce() throws Exception {
    for (int i = 0; i < 1000; i++) {
      assertThat(caller.isAsking()).isFalse();
      String mine = "answer " + i;
      caller.ask(() -> mine + " of " + Thread.currentThread().getName());
      assertThat(caller.isAsking()).isTrue();
      answers.acquire();
      assertThat(caller.hasAnswer()).isTrue();
      assertThat(caller.take()).isEqualTo(mine + " of caller");
      assertThat(caller.hasAnswer()).isFalse();
    }
    assertThatThrownBy(caller::take).hasMessage("no answer yet");
    assertThat(answers.availablePermits()).isZero();
  }

  @Test
  void throwsWhatTheQuestionThrewAndGoesOn() throws Exception {
    caller.ask(() -> {
      throw new IllegalArgumentException("no");
    });
    answers.acquire();
    assertThatThrownBy(caller::take).isInstanceOf(IllegalArgumentException.class).hasMessage("no");
    caller.ask(() -> {
      throw new StackOverflowError("deep");
    });
    answers.acquire();
    assertThatThrownBy(caller::take).isInstanceOf(StackOverflowError.class);
    caller.ask(() -> "well");
    answers.acquire();
    assertThat(caller.take()).isEqualTo("well");
  }

  @Test
  void takesOneQuestionAtATimeAndEndsAfterIt() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    CompletableFuture<Thread> thread = new CompletableFuture<>();
    caller.ask(() -> {
      thread.complete(Thread.currentThread());
      boolean opened = gate.getCount() == 0;
      while (!opened) {
        try {
          gate.await();
          opened = true;
        } catch (InterruptedException _) {
          // Nobody interrupts it.
        }
      }
      return "late";
    });
    Thread asked = thread.get();
    assertThatThrownBy(() -> caller.ask(() -> "two")).hasMessage("one question at a time");
    caller.end();
    assertThat(caller.hasAnswer()).isFalse();

    gate.countDown();
    answers.acquire();
    asked.join();

    assertThat(caller.take()).isEqualTo("late");
  }
}
