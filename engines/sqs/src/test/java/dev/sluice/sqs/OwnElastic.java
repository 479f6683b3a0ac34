package dev.sluice.sqs;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/// Gives test classes an ElasticMQ: one for all of them, which ends with the last test. Each test
/// has queues of its own on it.
///
/// Threading: immutable.
final class OwnElastic implements ParameterResolver {
  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Elastic.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return context
        .getRoot()
        .getStore(Namespace.create(OwnElastic.class))
        .computeIfAbsent(Elastic.class, _ -> new Elastic());
  }
}
