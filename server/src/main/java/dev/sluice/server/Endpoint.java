package dev.sluice.server;

/// What one route does.
@FunctionalInterface
interface Endpoint {
  void answer(Call call) throws Exception;
}
