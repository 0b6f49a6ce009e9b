"""How a fitted model scores without a Spark job."""

from threading import Lock
from typing import TYPE_CHECKING, Any

from sparkflow.backend.layout import Layout
from sparkflow.model_reader import PARAMS, ModelContent
from sparkflow.model_weights import weights_of

if TYPE_CHECKING:
    from sparkflow.predictor import Predictor

_lock = Lock()


class Scoring:
    """The methods of ``SparkAsyncDLModel`` for it."""

    _java_obj: Any
    isDefined: Any
    getOrDefault: Any
    # The session, and the params that it was made for. A copy of the model has it, too.
    _kept: "tuple[dict[str, Any], Predictor] | None" = None

    def predict(self, x: Any) -> Any:
        """``tfOutput`` of one row or many, as ``transform`` computes it, but in this process.

        There is no Spark job, and the session is kept for the next call. May be called from several threads
        at once. What ``x`` may be, what is returned and raised: ``sparkflow.Predictor.predict``.
        """
        return self._predictor().predict(x)

    def _predictor(self) -> "Predictor":
        from sparkflow.predictor import Predictor

        params = {name: self.getOrDefault(name) for name in PARAMS if self.isDefined(name)}
        with _lock:
            if self._kept is None or self._kept[0] != params:
                java = self._java_obj
                layout = Layout.from_json(java.layoutJson())
                content = ModelContent(
                    java.graph(),
                    layout,
                    weights_of(java, layout),
                    bytes(java.stateBytes()),
                    params,
                )
                self._kept = params, Predictor(content)
            return self._kept[1]
