package dev.sluice.contract;

import dev.sluice.engine.Engine;

/// What every topic of [BrokerContract] needs.
public interface BrokerTopic {
  /// Opens an engine.
  ///
  /// @param space a name: engines of one name share their queues, those of different names nothing
  Engine open(String space);
}
