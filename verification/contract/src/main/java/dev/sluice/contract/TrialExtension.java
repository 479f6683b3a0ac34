package dev.sluice.contract;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/// Hands a [Trial] to each test, and ends every test with the invariant check.
///
/// Threading: immutable; the trial is in the store of its test.
final class TrialExtension implements ParameterResolver, AfterEachCallback {
  private static final Namespace NAMESPACE = Namespace.create(TrialExtension.class);

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Trial.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    Topic contract = (Topic) context.getRequiredTestInstance();
    Trial trial = new Trial(contract);
    context.getStore(NAMESPACE).put(Trial.class, trial);
    return trial;
  }

  @Override
  public void afterEach(ExtensionContext context) {
    Trial trial = context.getStore(NAMESPACE).get(Trial.class, Trial.class);
    if (trial == null) {
      return;
    }
    try {
      // After a failure the state proves nothing more, and would hide the first message.
      if (context.getExecutionException().isEmpty() && !trial.isClosed()) {
        Invariants.check(trial.engine());
      }
    } finally {
      trial.close();
    }
  }
}
