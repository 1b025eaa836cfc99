#!/usr/bin/env python3
"""Write cases of ai.onnx.ml whose expected outputs are those of onnxruntime.

usage: ml_cases.py OUT        (needs onnx and onnxruntime==1.32.0; a few seconds)

OUT/ml/test_x/{model.onnx,test_data_set_0/{input,output}_i.pb[,data.json]} over the attributes of each operator. Afterwards
  go run ./conformance/pack OUT conformance/testdata
writes the compressed archive of the repository.

There are no cases for what onnxruntime does against the specification: a post_transform that it leaves out where there is one score
(the regressors, SVMClassifier), the numbers of SOFTMAX and LOGISTIC in TreeEnsemble, which it takes for each other, scores that it does not write (PROBIT of two classes with one score), the label of
TreeEnsembleClassifier where trees vote for both of two classes (1 if the second has any score at all), base values for two classes
of which one is voted for, and "0.f" for strings that CastMap has no value for.
"""
import itertools
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

ORT = "1.32.0"
ML = "ai.onnx.ml"
rng = np.random.default_rng(7)
out = None
count = 0
POSTS = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"]
ELEMENTS = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.float64): TensorProto.DOUBLE, np.dtype(np.int64): TensorProto.INT64,
            np.dtype(np.int32): TensorProto.INT32}


def tensor_type(x):
    elem = TensorProto.STRING if x.dtype.kind in "OU" else ELEMENTS[x.dtype]
    return helper.make_tensor_type_proto(elem, x.shape)


def map_type(key, value):
    return helper.make_map_type_proto(key, helper.make_tensor_type_proto(value, []))


def encode(v, name):
    if isinstance(v, dict):
        return encode_map(v, name)
    if isinstance(v, list):
        s = onnx.SequenceProto(name=name, elem_type=onnx.SequenceProto.MAP)
        s.map_values.extend(encode_map(x, "") for x in v)
        return s
    return numpy_helper.from_array(v, name)


def encode_map(d, name):
    m = onnx.MapProto(name=name)
    for k, v in d.items():
        (m.string_keys.append(k.encode()) if isinstance(k, str) else m.keys.append(k))
        dtype = object if isinstance(v, str) else np.int64 if isinstance(v, int) else np.float32
        m.values.tensor_values.append(numpy_helper.from_array(np.array(v, dtype)))
    m.key_type = TensorProto.STRING if m.string_keys else TensorProto.INT64
    m.values.elem_type = onnx.SequenceProto.TENSOR
    return m


def case(name, op, inputs, outputs, version=3, types=None, **attributes):
    """outputs: types of the outputs; types: those of the inputs, where they are no tensors."""
    global count
    names = [f"x{i}" for i in range(len(inputs))]
    results = [f"y{i}" for i in range(len(outputs))]
    node = helper.make_node(op, names, results, domain=ML, **attributes)
    graph = helper.make_graph([node], name,
                              [helper.make_value_info(n, t) for n, t in zip(names, types or [tensor_type(x) for x in inputs])],
                              [helper.make_value_info(n, t) for n, t in zip(results, outputs)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid(ML, version)], ir_version=10, producer_name="ml_cases")
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(model.SerializeToString(), options)
        expected = session.run(None, dict(zip(names, inputs)))
    except Exception as e:
        print(f"left out: {name}: {str(e).splitlines()[0][:150]}")
        return
    folder = out / "ml" / f"test_{name}"
    data = folder / "test_data_set_0"
    data.mkdir(parents=True, exist_ok=True)
    if attributes.get("post_transform") in ("PROBIT", 4):  # the logarithm of what is nearly one, in float32
        (folder / "data.json").write_text('{"rtol": 0.001, "atol": 0.0001}')
    (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    for kind, values, ids in (("input", inputs, names), ("output", expected, results)):
        for i, v in enumerate(values):
            (data / f"{kind}_{i}.pb").write_bytes(encode(v, ids[i]).SerializeToString(deterministic=True))
    count += 1


def tensor(elem, *shape):
    return helper.make_tensor_type_proto(elem, shape)


def labels(strings, n):
    return [f"class{i}" for i in range(n)] if strings else [int(10 + 3 * i) for i in range(n)]


def floats(*shape):
    return rng.normal(size=shape).astype(np.float32)


def scaling():
    for dtype in (np.float32, np.float64, np.int64, np.int32):
        x = (rng.normal(size=(4, 3)) * 5).astype(dtype)
        x[1] = 0
        for norm in ("MAX", "L1", "L2"):
            case(f"normalizer_{norm}_{x.dtype}", "Normalizer", [x], [tensor(TensorProto.FLOAT, 4, 3)], norm=norm)
            case(f"normalizer_{norm}_{x.dtype}_vector", "Normalizer", [x[0]], [tensor(TensorProto.FLOAT, 3)], norm=norm)
        case(f"scaler_{x.dtype}", "Scaler", [x], [tensor(TensorProto.FLOAT, 4, 3)], offset=[0.5, -1.0, 2.0], scale=[2.0, 0.25, 3.0])
        case(f"scaler_one_{x.dtype}", "Scaler", [x], [tensor(TensorProto.FLOAT, 4, 3)], offset=[0.5], scale=[2.0])
        case(f"binarizer_{x.dtype}", "Binarizer", [x], [tensor(ELEMENTS[x.dtype], 4, 3)], threshold=0.3)
        a = {"imputed_value_int64s": [7, 8, 9], "replaced_value_int64": 0} if x.dtype.kind == "i" else {"imputed_value_floats": [7.0, 8.0, 9.0], "replaced_value_float": 0.0}
        case(f"imputer_{x.dtype}", "Imputer", [x], [tensor(ELEMENTS[x.dtype], 4, 3)], **a)
        if x.dtype.kind == "f":
            x[2, 1] = np.nan
            case(f"imputer_nan_{x.dtype}", "Imputer", [x], [tensor(ELEMENTS[x.dtype], 4, 3)], imputed_value_floats=[7.0], replaced_value_float=float("nan"))
        y = rng.integers(0, 9, (4, 2)).astype(dtype)
        case(f"feature_vectorizer_{x.dtype}", "FeatureVectorizer", [y, y * 2], [tensor(TensorProto.FLOAT, 4, 4)], inputdimensions=[2, 2])
        case(f"feature_vectorizer_cut_{x.dtype}", "FeatureVectorizer", [y, y * 2], [tensor(TensorProto.FLOAT, 4, 4)], inputdimensions=[1, 3])
        case(f"array_feature_extractor_{x.dtype}", "ArrayFeatureExtractor", [y, np.array([1, 0, 1])], [tensor(ELEMENTS[x.dtype], 4, 3)])
        case(f"array_feature_extractor_vector_{x.dtype}", "ArrayFeatureExtractor", [y[:, 0], np.array([3, 0])], [tensor(ELEMENTS[x.dtype], 1, 2)])
        case(f"one_hot_{x.dtype}", "OneHotEncoder", [y], [tensor(TensorProto.FLOAT, 4, 2, 3)], cats_int64s=[1, 5, 7])
    s = np.array([["a", "b"], ["c", "zz"]], dtype=object)
    case("one_hot_strings", "OneHotEncoder", [s], [tensor(TensorProto.FLOAT, 2, 2, 3)], cats_strings=["c", "b", "a"])
    case("one_hot_strict", "OneHotEncoder", [s[:, :1]], [tensor(TensorProto.FLOAT, 2, 1, 3)], cats_strings=["c", "b", "a"], zeros=0)
    case("array_feature_extractor_strings", "ArrayFeatureExtractor", [s, np.array([1])], [tensor(TensorProto.STRING, 2, 1)])


def mapping():
    s = np.array(["a", "b", "c", "zz"], dtype=object)
    i = np.array([1, 2, 3, 99])
    case("category_mapper_strings", "CategoryMapper", [s], [tensor(TensorProto.INT64, 4)], cats_strings=["c", "b", "a"], cats_int64s=[3, 2, 1], default_int64=-7)
    case("category_mapper_ints", "CategoryMapper", [i], [tensor(TensorProto.STRING, 4)], cats_strings=["c", "b", "a"], cats_int64s=[3, 2, 1], default_string="?")
    case("label_encoder_1_strings", "LabelEncoder", [s], [tensor(TensorProto.INT64, 4)], version=1, classes_strings=["c", "b", "a"], default_int64=-7)
    case("label_encoder_1_ints", "LabelEncoder", [i], [tensor(TensorProto.STRING, 4)], version=1, classes_strings=["c", "b", "a"], default_string="?")
    keys = {"strings": (["a", "b", "c"], s, TensorProto.STRING), "int64s": ([1, 2, 3], i, TensorProto.INT64),
            "floats": ([1.0, 2.0, float("nan")], np.array([2, np.nan, 1, 5], np.float32), TensorProto.FLOAT)}
    for (k, (ka, x, _)), (v, (va, _, elem)) in itertools.product(keys.items(), keys.items()):
        for version in (2, 4):
            case(f"label_encoder_{version}_{k}_{v}", "LabelEncoder", [x], [tensor(elem, 4)], version=version, **{"keys_" + k: ka, "values_" + v: va})
    t = lambda v, d: numpy_helper.from_array(np.array(v, d))
    case("label_encoder_4_tensors", "LabelEncoder", [i], [tensor(TensorProto.DOUBLE, 4)], version=4, keys_tensor=t([1, 2, 3], np.int64),
         values_tensor=t([0.5, 1.5, 2.5], np.float64), default_tensor=t([-3.5], np.float64))
    for key, elem in ((TensorProto.STRING, "strings"), (TensorProto.INT64, "int64s")):
        names = ["a", "b"] if elem == "strings" else [4, 9]
        vocabulary = {"string_vocabulary": ["b", "x", "a"]} if elem == "strings" else {"int64_vocabulary": [9, 1, 4]}
        for value, numbers in ((TensorProto.FLOAT, [0.5, -2.0]), (TensorProto.INT64, [5, -2]), (TensorProto.STRING, ["p", "q"])):
            d = dict(zip(names, numbers))
            case(f"dict_vectorizer_{elem}_{value}", "DictVectorizer", [d], [tensor(value, 1, 3)], types=[map_type(key, value)], **vocabulary)
    for to, elem in (("TO_FLOAT", TensorProto.FLOAT), ("TO_INT64", TensorProto.INT64), ("TO_STRING", TensorProto.STRING)):
        for form in ("DENSE", "SPARSE"):
            a = dict(cast_to=to, map_form=form, max_map=6)
            if (to, form) == ("TO_STRING", "SPARSE"):
                continue
            shape = (1, 6) if form == "SPARSE" else (1, 3)
            case(f"cast_map_{to}_{form}", "CastMap", [{5: 1.5, 0: 2.25, 3: -7.0}], [tensor(elem, *shape)], types=[map_type(TensorProto.INT64, TensorProto.FLOAT)], **a)
            case(f"cast_map_strings_{to}_{form}", "CastMap", [{5: "1", 0: "22", 3: "-7"}], [tensor(elem, *shape)], types=[map_type(TensorProto.INT64, TensorProto.STRING)], **a)
    for strings in (False, True):
        key = TensorProto.STRING if strings else TensorProto.INT64
        a = {"classlabels_strings" if strings else "classlabels_int64s": labels(strings, 3)}
        case(f"zip_map_{strings}", "ZipMap", [floats(2, 3)], [helper.make_sequence_type_proto(map_type(key, TensorProto.FLOAT))], **a)


def linear():
    for n, post, dtype in itertools.product((1, 2, 3), POSTS, (np.float32, np.float64, np.int64, np.int32)):
        x = (rng.normal(size=(5, 4)) * 2).astype(dtype)
        scale = 0.1 if post == "PROBIT" else 1.0
        w, b = (floats(n, 4) * scale * 0.3).ravel().tolist(), (floats(n) * scale + (0.5 if post == "PROBIT" else 0)).tolist()
        if n > 1 or post in ("NONE", "PROBIT"):
            case(f"linear_regressor_{n}_{post}_{x.dtype}", "LinearRegressor", [x], [tensor(TensorProto.FLOAT, 5, n)], coefficients=w, intercepts=b, targets=n, post_transform=post)
        if n == 1 and post in ("NONE", "PROBIT"):
            case(f"linear_regressor_plain_{post}_{x.dtype}", "LinearRegressor", [x], [tensor(TensorProto.FLOAT, 5, n)], coefficients=w, targets=n, post_transform=post)
        for strings, classes in itertools.product((False, True), {n, max(2, n)}):
            if dtype != np.float32 and strings or (n, classes, post) == (1, 2, "PROBIT"):
                continue
            a = {"classlabels_strings" if strings else "classlabels_ints": labels(strings, classes)}
            case(f"linear_classifier_{n}_{classes}_{post}_{x.dtype}_{strings}", "LinearClassifier", [x],
                 [tensor(TensorProto.STRING if strings else TensorProto.INT64, 5), tensor(TensorProto.FLOAT, 5, classes if n == 1 else n)],
                 coefficients=w, intercepts=b, post_transform=post, **a)


def svm():
    for kernel, post in itertools.product(("LINEAR", "POLY", "RBF", "SIGMOID"), POSTS):
        if post != "NONE" and kernel != "RBF":
            continue
        x = floats(6, 3)
        params = [0.4, 0.3, 3.0]
        if post == "NONE":
            case(f"svm_regressor_{kernel}_{post}", "SVMRegressor", [x], [tensor(TensorProto.FLOAT, 6, 1)], kernel_type=kernel, kernel_params=params, n_supports=4,
             support_vectors=floats(12).tolist(), coefficients=floats(4).tolist(), rho=[0.3], post_transform=post)
        for classes, strings, proba in itertools.product((2, 3, 4), (False, True), (False, True)):
            per = [2, 3, 1, 2][:classes]
            n, pairs = sum(per), classes * (classes - 1) // 2
            if classes == 2 and not proba and post not in ("NONE", "LOGISTIC"):
                continue
            a = {"classlabels_strings" if strings else "classlabels_ints": labels(strings, classes)}
            if proba:
                a.update(prob_a=(-np.abs(floats(pairs))).tolist(), prob_b=floats(pairs).tolist())
            for sign in ("mixed", "positive") if classes == 2 else ("mixed",):
                coefficients = floats((classes - 1) * n)
                if sign == "positive":
                    coefficients = np.abs(coefficients)
                case(f"svm_classifier_{kernel}_{post}_{classes}_{strings}_{proba}_{sign}", "SVMClassifier", [x],
                     [tensor(TensorProto.STRING if strings else TensorProto.INT64, 6), tensor(TensorProto.FLOAT, 6, classes if proba or classes == 2 else pairs)],
                     kernel_type=kernel, kernel_params=params, vectors_per_class=per, support_vectors=floats(3 * n).tolist(), coefficients=coefficients.tolist(),
                     rho=(floats(pairs) * 0.1).tolist(), post_transform=post, **a)
    for dtype in (np.float32, np.float64, np.int64, np.int32):
        x = (rng.normal(size=(6, 3)) * 3).astype(dtype)
        case(f"svm_regressor_linear_{x.dtype}", "SVMRegressor", [x], [tensor(TensorProto.FLOAT, 6, 1)], coefficients=floats(3).tolist(), rho=[0.25], kernel_params=[0.0, 0.0, 0.0])
        case(f"svm_regressor_one_class_{x.dtype}", "SVMRegressor", [x], [tensor(TensorProto.FLOAT, 6, 1)], coefficients=floats(3).tolist(), rho=[0.25], one_class=1, kernel_params=[0.0, 0.0, 0.0])
        for post in POSTS:
            case(f"svm_classifier_linear_{x.dtype}_{post}", "SVMClassifier", [x], [tensor(TensorProto.INT64, 6), tensor(TensorProto.FLOAT, 6, 3)],
                 coefficients=(floats(9) * 0.1).tolist(), rho=[0.5], classlabels_ints=[4, 5, 6], post_transform=post, kernel_params=[0.0, 0.0, 0.0])


def forest(trees, depth, modes, features, targets, missing=False, one_target=None, positive=False):
    """Attributes of the nodes, and of the votes as (tree, node, target, weight)."""
    n = {k: [] for k in ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids", "missing_value_tracks_true")}
    votes = []
    for t in range(trees):
        last = 2 ** (depth + 1) - 1
        for i in range(last):
            leaf = i >= 2**depth - 1
            for k, v in (("treeids", t), ("nodeids", i), ("featureids", 0 if leaf else int(rng.integers(features))), ("modes", "LEAF" if leaf else modes[(t + i) % len(modes)]),
                         ("values", 0.0 if leaf else float(np.float32(rng.integers(-2, 3) * 0.5))), ("truenodeids", 0 if leaf else 2 * i + 1),
                         ("falsenodeids", 0 if leaf else 2 * i + 2), ("missing_value_tracks_true", int(rng.integers(2)) if missing else 0)):
                n[k].append(v)
            if leaf:
                for target in range(targets) if one_target is None else [one_target]:
                    w = float(np.float32(rng.normal()))
                    votes.append((t, i, target, abs(w) / trees if positive else w))
    return {"nodes_" + k: v for k, v in n.items()}, votes


def voted(word, votes):
    return {f"{word}_treeids": [v[0] for v in votes], f"{word}_nodeids": [v[1] for v in votes], f"{word}_ids": [v[2] for v in votes], f"{word}_weights": [v[3] for v in votes]}


BRANCHES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]


def trees():
    def samples(dtype=np.float32, nan=True):
        x = (rng.integers(-4, 5, (7, 4)) * 0.5).astype(dtype)
        if nan and x.dtype.kind == "f":
            x[2, 1] = x[5, 3] = np.nan
        return x
    for mode in BRANCHES:
        nodes, votes = forest(1, 3, [mode], 4, 1, missing=True)
        case(f"tree_regressor_{mode}", "TreeEnsembleRegressor", [samples()], [tensor(TensorProto.FLOAT, 7, 1)], n_targets=1, **nodes, **voted("target", votes))
    for aggregate, targets, base in itertools.product(("SUM", "AVERAGE", "MIN", "MAX"), (1, 3), (False, True)):
        nodes, votes = forest(3, 2, BRANCHES, 4, targets)
        a = {"base_values": floats(targets).tolist()} if base else {}
        case(f"tree_regressor_{aggregate}_{targets}_{base}", "TreeEnsembleRegressor", [samples(nan=False)], [tensor(TensorProto.FLOAT, 7, targets)], n_targets=targets,
             aggregate_function=aggregate, **nodes, **voted("target", votes), **a)
    for post, targets in itertools.product(POSTS, (1, 3)):
        if targets == 1 and post not in ("NONE", "PROBIT"):
            continue
        nodes, votes = forest(2, 2, BRANCHES[:1], 4, targets, positive=True)
        votes = [(t, i, k, min(w, 0.45)) for t, i, k, w in votes]
        case(f"tree_regressor_{post}_{targets}", "TreeEnsembleRegressor", [samples(nan=False)], [tensor(TensorProto.FLOAT, 7, targets)], n_targets=targets, post_transform=post,
             **nodes, **voted("target", votes))
    for dtype in (np.float64, np.int64, np.int32):
        nodes, votes = forest(2, 2, BRANCHES[:1], 4, 2)
        x = samples(dtype, nan=False)
        case(f"tree_regressor_{x.dtype}", "TreeEnsembleRegressor", [x], [tensor(TensorProto.FLOAT, 7, 2)], n_targets=2, **nodes, **voted("target", votes))
    for post, classes, strings, base in itertools.product(POSTS, (3, 4), (False, True), (False, True)):
        nodes, votes = forest(2, 2, BRANCHES[:1], 4, classes, positive=True)
        votes = [(t, i, k, min(w, 0.3)) for t, i, k, w in votes]
        a = {"classlabels_strings" if strings else "classlabels_int64s": labels(strings, classes)}
        if base:
            a["base_values"] = [0.1, 0.2, 0.05, 0.15][:classes]
        case(f"tree_classifier_{post}_{classes}_{strings}_{base}", "TreeEnsembleClassifier", [samples(nan=False)],
             [tensor(TensorProto.STRING if strings else TensorProto.INT64, 7), tensor(TensorProto.FLOAT, 7, classes)], post_transform=post, **nodes, **voted("class", votes), **a)
    for post, strings, positive, one, base in itertools.product(POSTS, (False, True), (False, True), (0, 1), (0, 1)):
        if base and (strings or one) or post == "PROBIT" and not one:
            continue
        nodes, votes = forest(2, 2, BRANCHES[:1], 4, 1, one_target=one, positive=positive)
        if post == "PROBIT":
            votes = [(t, i, k, min(abs(w), 0.45)) for t, i, k, w in votes]
        a = {"classlabels_strings" if strings else "classlabels_int64s": labels(strings, 2)}
        if base:
            a["base_values"] = [0.1]
        case(f"tree_classifier_binary_{post}_{strings}_{positive}_{one}_{base}", "TreeEnsembleClassifier", [samples(nan=False)],
             [tensor(TensorProto.STRING if strings else TensorProto.INT64, 7), tensor(TensorProto.FLOAT, 7, 2)], post_transform=post, **nodes, **voted("class", votes), **a)
    ensembles(samples)


def ensembles(samples):
    t = lambda v, d: numpy_helper.from_array(np.array(v, d))
    for dtype, aggregate, post in itertools.product((np.float32, np.float64), range(4), range(5)):
        if aggregate != 1 and post or post in (1, 2):
            continue
        n = 2
        nodes = 3 * n
        x = samples(dtype)
        case(f"tree_ensemble_{x.dtype}_{aggregate}_{post}", "TreeEnsemble", [x], [tensor(ELEMENTS[x.dtype], 7, 2)], version=5, n_targets=2, aggregate_function=aggregate,
             post_transform=post, tree_roots=[0, 3], nodes_featureids=[0, 1, 2, 3, 1, 0], nodes_splits=t([0.5, -0.5, 0, 1, 0.5, -1], dtype),
             nodes_modes=t([0, 1, 2, 3, 4, 5], np.uint8), nodes_truenodeids=[1, 0, 2, 4, 4, 6], nodes_falsenodeids=[2, 1, 3, 5, 5, 7],
             nodes_trueleafs=[0, 1, 1, 0, 1, 1], nodes_falseleafs=[0, 1, 1, 0, 1, 1], nodes_missing_value_tracks_true=[0, 1, 0, 1, 1, 0],
             leaf_targetids=[0, 1, 0, 1, 1, 0, 1, 0], leaf_weights=t([0.1, 0.2, 0.3, 0.15, 0.25, 0.05, 0.35, 0.12], dtype))
    x = samples()
    case("tree_ensemble_member", "TreeEnsemble", [x], [tensor(TensorProto.FLOAT, 7, 1)], version=5, n_targets=1, tree_roots=[0], nodes_featureids=[0, 1],
         nodes_splits=t([0, 0], np.float32), nodes_modes=t([6, 6], np.uint8), nodes_truenodeids=[1, 0], nodes_falsenodeids=[2, 1], nodes_trueleafs=[0, 1], nodes_falseleafs=[1, 1],
         leaf_targetids=[0, 0, 0], leaf_weights=t([1, 2, 4], np.float32), membership_values=t([0.5, 1, -1, np.nan, 0, 1, 1.5, np.nan], np.float32))


def main():
    global out
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if ort.__version__ != ORT:
        sys.exit(f"the cases are those of onnxruntime {ORT}; this is {ort.__version__}")
    out = pathlib.Path(sys.argv[1])
    scaling()
    mapping()
    linear()
    svm()
    trees()
    print(count, "cases")


main()
