// Spark 4.1.0 is the oldest release the jar runs on; the same jar is tested on the newest.
val sparkVersion = "4.1.0"

ThisBuild / organization := "io.sparkflow"
ThisBuild / scalaVersion := "2.13.17" // the Scala that Spark 4.1 ships
ThisBuild / licenses := Seq("Apache-2.0" -> url("https://www.apache.org/licenses/LICENSE-2.0"))

lazy val provided = Seq(
  "org.apache.spark" %% "spark-sql" % sparkVersion % Provided,
  "org.apache.spark" %% "spark-mllib" % sparkVersion % Provided
)

ThisBuild / scalacOptions ++= Seq(
  "-deprecation",
  "-feature",
  "-unchecked",
  "-Xlint",
  "-Werror",
  "-release",
  "17"
)

lazy val sparkflow = (project in file("."))
  .aggregate(examples, bench)
  .settings(
    name := "sparkflow",
    description := "TensorFlow inside Spark ML: training through a parameter server, native Spark ML models",
    libraryDependencies ++= provided :+ "org.scalatest" %% "scalatest" % "3.2.19" % Test,
    Compile / scalaSource := baseDirectory.value / "scala/src/main/scala",
    Test / scalaSource := baseDirectory.value / "tests/scala",
    Test / resourceDirectory := baseDirectory.value / "tests/fixtures",
    // The Python package travels at the root of the jar, so the jar itself is an import root.
    Compile / unmanagedResourceDirectories := Seq(baseDirectory.value / "python"),
    Compile / unmanagedResources / includeFilter := "*.py" || "VERSION" || "py.typed",
    Test / unmanagedResources / includeFilter := AllPassFilter,
    Compile / packageBin / artifactPath := baseDirectory.value / "target/sparkflow.jar",
    // Publishing is for `--packages`: `build/sbt publish` fills a Maven repository in target/maven.
    publishTo := Some(MavenCache("target-maven", baseDirectory.value / "target/maven")),
    Compile / packageDoc / publishArtifact := false,
    Test / fork := true,
    Test / javaOptions ++= sparkModuleOptions ++ Seq("-Xmx3g", "-Duser.timezone=UTC"),
    // The long run of the fuzz tests: build/sbt -Dsparkflow.fuzz=1000000 "testOnly *FuzzTest"
    Test / javaOptions ++= sys.props.get("sparkflow.fuzz").map(n => s"-Dsparkflow.fuzz=$n").toSeq,
    Test / testOptions += Tests.Argument(TestFrameworks.ScalaTest, "-oDF")
  )

// The Scala example application: `spark-submit --jars target/sparkflow.jar target/sparkflow-examples.jar …`.
lazy val examples = (project in file("examples/scala"))
  .dependsOn(LocalProject("sparkflow"))
  .settings(
    name := "sparkflow-examples",
    libraryDependencies ++= provided,
    Compile / packageBin / artifactPath := (ThisBuild / baseDirectory).value / "target/sparkflow-examples.jar",
    publish / skip := true
  )

// What dev/bench asks of a JVM without a fit around it.
lazy val bench = (project in file("dev/benchmark/scala"))
  .dependsOn(LocalProject("sparkflow"))
  .settings(
    name := "sparkflow-bench",
    libraryDependencies ++= provided,
    Compile / packageBin / artifactPath := (ThisBuild / baseDirectory).value / "target/sparkflow-bench.jar",
    publish / skip := true
  )

// What Spark's own launcher passes to a JVM (org.apache.spark.launcher.JavaModuleOptions).
lazy val sparkModuleOptions = Seq(
  "java.lang",
  "java.lang.invoke",
  "java.lang.reflect",
  "java.io",
  "java.net",
  "java.nio",
  "java.util",
  "java.util.concurrent",
  "java.util.concurrent.atomic"
).map(p => s"--add-opens=java.base/$p=ALL-UNNAMED") ++
  Seq("sun.nio.ch", "sun.nio.cs", "sun.security.action", "sun.util.calendar")
    .map(p => s"--add-opens=java.base/$p=ALL-UNNAMED") ++
  Seq(
    "--add-modules=jdk.incubator.vector",
    "-Djdk.reflect.useDirectMethodHandle=false",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dio.netty.allocator.type=pooled"
  )
