// The one source of the version, for the jar and the wheel, is the file python/sparkflow/VERSION.
ThisBuild / version := IO.read((ThisBuild / baseDirectory).value / "python/sparkflow/VERSION").trim
