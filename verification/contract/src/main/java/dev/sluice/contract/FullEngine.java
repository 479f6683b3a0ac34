package dev.sluice.contract;

import dev.sluice.engine.Controllable;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Reclaiming;
import dev.sluice.engine.Remembering;
import dev.sluice.engine.Retaining;

/// An engine in all roles.
public interface FullEngine
    extends Engine, Reclaiming, Retaining, Inspectable, Controllable, Remembering {}
