package dev.sluice.rabbitmq;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/// Gives test classes a private broker, whatever the environment names, for they kill it: one for
/// all of them, which ends with the last test.
///
/// Threading: immutable.
final class OwnBroker implements ParameterResolver {
  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Broker.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return context
        .getRoot()
        .getStore(Namespace.create(OwnBroker.class))
        .computeIfAbsent(Broker.class, _ -> Broker.own());
  }
}
