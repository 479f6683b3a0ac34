package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Remembering;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Small texts beside the jobs, for engines with the role Remembering.
public interface RememberContract extends Topic {

  @Test
  default void nothingIsRememberedAtFirst(Trial trial) {
    assertThat(trial.remember().remembered()).isEmpty();
  }

  @Test
  default void whatIsRememberedIsGivenBack(Trial trial) {
    trial.remember().remember("queue/mail", "{\"capacity\": 5}");
    trial.remember().remember("k\u00e4se \ud83e\uddc0 'quoted'", "z\u00fcrich\n\ud83d\ude80");
    trial.remember().remember("empty", "");

    assertThat(trial.remember().remembered())
        .isEqualTo(
            Map.of(
                "queue/mail",
                "{\"capacity\": 5}",
                "k\u00e4se \ud83e\uddc0 'quoted'",
                "z\u00fcrich\n\ud83d\ude80",
                "empty",
                ""));
  }

  @Test
  default void aLaterTextTakesThePlaceOfAnEarlierOne(Trial trial) {
    trial.remember().remember("a", "1");
    trial.remember().remember("A", "other case, other name");
    trial.remember().remember("a", "2");

    assertThat(trial.remember().remembered())
        .isEqualTo(Map.of("a", "2", "A", "other case, other name"));
  }

  @Test
  default void aTextIsForgotten(Trial trial) {
    trial.remember().remember("a", "1");
    trial.remember().remember("b", "2");

    trial.remember().remember("a", null);
    trial.remember().remember("never-there", null);

    assertThat(trial.remember().remembered()).isEqualTo(Map.of("b", "2"));
  }

  @Test
  default void whatWasGivenBackDoesNotChangeAnyMore(Trial trial) {
    trial.remember().remember("a", "1");
    Map<String, String> before = trial.remember().remembered();

    trial.remember().remember("a", "2");

    assertThat(before).isEqualTo(Map.of("a", "1"));
  }

  @Test
  default void theLongestNameAndTextAreTaken(Trial trial) {
    String name = "n".repeat(Remembering.MAX_NAME);
    String text = "\u20ac".repeat(Remembering.MAX_TEXT);

    trial.remember().remember(name, text);

    assertThat(trial.remember().remembered().get(name)).isEqualTo(text);
  }

  @Test
  default void whatIsTooLongIsRefusedWithASentence(Trial trial) {
    trial.remember().remember("a", "1");
    assertThatThrownBy(() -> trial.remember().remember("", "x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("name: 0 characters must be 1 to 256");
    assertThatThrownBy(() -> trial.remember().remember("n".repeat(Remembering.MAX_NAME + 1), null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("name: 257 characters must be 1 to 256");
    assertThatThrownBy(() -> trial.remember().remember("a", "x".repeat(Remembering.MAX_TEXT + 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("text: 1048577 characters must be at most 1048576");
    assertThat(trial.remember().remembered()).isEqualTo(Map.of("a", "1"));
  }

  @Test
  default void aClosedEngineRemembersNothing(Trial trial) {
    trial.close();
    assertThatThrownBy(() -> trial.remember().remember("a", "1"))
        .isInstanceOf(EngineUnavailableException.class);
    assertThatThrownBy(() -> trial.remember().remembered())
        .isInstanceOf(EngineUnavailableException.class);
  }
}
