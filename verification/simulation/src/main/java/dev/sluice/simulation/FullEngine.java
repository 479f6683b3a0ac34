package dev.sluice.simulation;

import dev.sluice.engine.Controllable;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Reclaiming;
import dev.sluice.engine.Retaining;

/// An engine in all roles.
interface FullEngine extends Engine, Reclaiming, Retaining, Inspectable, Controllable {}
