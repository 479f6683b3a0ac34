package dev.sluice.app.remote;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `sluice completion`: what a shell needs to complete this program's words.
///
/// Threading: confined to the main thread.
@Command(
    name = "completion",
    description = "Prints a shell's completion script: source <(./sluice completion bash)",
    mixinStandardHelpOptions = true)
final class CompletionCommand implements Callable<Integer> {
  /// Shells that it is for.
  enum Shell {
    BASH,
    ZSH
  }

  @SuppressWarnings("NullAway.Init") // picocli sets it
  @Spec
  private CommandSpec spec;

  @Parameters(paramLabel = "SHELL", description = "${COMPLETION-CANDIDATES}")
  private Shell shell = Shell.BASH;

  @Override
  public Integer call() {
    CommandLine program = spec.root().commandLine();
    String script = AutoComplete.bash(spec.root().name(), program);
    String zsh =
        "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n";
    program.getOut().print((shell == Shell.ZSH ? zsh : "") + script);
    program.getOut().flush();
    return 0;
  }
}
