package dev.sluice.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.Remembering;
import org.junit.jupiter.api.Test;

final class TextBoundTest {
  @Test
  void soManyTextsAndNoMore() {
    try (MemoryEngine engine = MemoryEngine.open()) {
      for (int i = 0; i < Remembering.MAX_TEXTS; i++) {
        engine.remember("name " + i, "x");
      }
      assertThatThrownBy(() -> engine.remember("one more", "x"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("text: there are 100000, no more are kept; forget one first");
      engine.remember("name 7", "changed");
      engine.remember("name 8", null);
      engine.remember("one more", "x");
      assertThat(engine.remembered())
          .hasSize(Remembering.MAX_TEXTS)
          .containsEntry("name 7", "changed");
    }
  }
}
