"""Right and wrong answers to week 3's tasks, which its checks are tested with."""

from utils import quiet  # noqa: F401

# isort: split
import random

import keras
import numpy as np

from utils import backbones
from utils.checks.answers import right, wrong

layers = keras.layers
SIZE = (96, 96)


# ---------------------------------------------------------------- choose


@right("choose")
def by_permutation(labels, per_class, seed):
    draw = np.random.default_rng(seed)
    places = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return np.concatenate([draw.permutation(place)[:per_class] for place in places])


@right("choose")
def by_choice_in_sorted_order(labels, per_class, seed):
    """As a sorted list."""
    draw, chosen = np.random.RandomState(seed), []
    for label in set(labels.tolist()):
        chosen += draw.choice(np.where(labels == label)[0], per_class, replace=False).tolist()
    return sorted(chosen)


@right("choose")
def by_random_sample(labels, per_class, seed):
    """Without NumPy's generators."""
    random.seed(seed)
    kinds = {label: [i for i, one in enumerate(labels) if one == label] for label in set(labels)}
    return [place for places in kinds.values() for place in random.sample(places, per_class)]


@wrong("choose", "one-class")
def the_first_twenty(labels, per_class, seed):
    return np.arange(2 * per_class)


@wrong("choose", "ignores-seed")
def the_first_of_each_class(labels, per_class, seed):
    return np.concatenate([np.flatnonzero(labels == label)[:per_class] for label in (0, 1)])


@wrong("choose", "repeats")
def with_replacement(labels, per_class, seed):
    draw = np.random.default_rng(seed)
    return np.concatenate([draw.choice(np.flatnonzero(labels == k), per_class) for k in (0, 1)])


@wrong("choose", "unequal")
def at_random_from_all(labels, per_class, seed):
    """A random draw is balanced by itself."""
    return np.random.default_rng(seed).permutation(len(labels))[: 2 * per_class]


@wrong("choose", "always-ten")
def whatever_per_class_says(labels, per_class, seed):
    return by_permutation(labels, 10, seed)


@wrong("choose", "in-all")
def ten_in_all(labels, per_class, seed):
    return by_permutation(labels, per_class // 2, seed)


@wrong("choose", "other-count")
def a_share_of_each_class(labels, per_class, seed):
    return by_permutation(labels, 3 * per_class // 2, seed)


@wrong("choose", "not-repeatable")
def seed_left_out(labels, per_class, seed):
    return by_permutation(labels, per_class, None)


@wrong("choose", "by-position")
def first_half_is_the_first_class(labels, per_class, seed):
    draw = np.random.default_rng(seed)
    first, second = draw.permutation(30)[:per_class], 30 + draw.permutation(50)[:per_class]
    return np.concatenate([first, second])


@wrong("choose", "mask")
def a_mask(labels, per_class, seed):
    return np.isin(np.arange(len(labels)), by_permutation(labels, per_class, seed))


@wrong("choose", "labels-not-places")
def the_labels_themselves(labels, per_class, seed):
    return labels[by_permutation(labels, per_class, seed)]


@wrong("choose", "no-indices")
def class_by_class(labels, per_class, seed):
    return np.split(by_permutation(labels, per_class, seed), 2)


@wrong("choose", "out-of-range")
def counted_from_one(labels, per_class, seed):
    return by_permutation(labels, per_class, seed) + 51


@wrong("choose", "within-class")
def places_within_the_class(labels, per_class, seed):
    """The third picture of a class is the third of all."""
    draw = np.random.default_rng(seed)
    return np.concatenate([draw.permutation(n)[:per_class] for n in np.bincount(labels)])


@wrong("choose", "fixed-seed")
def the_notebooks_seed(labels, per_class, seed):
    """Any seed will do."""
    return by_permutation(labels, per_class, 1)


@wrong("choose", "mixes-labels")
def shuffled_in_place(labels, per_class, seed):
    """`shuffle` gives a mixed copy."""
    np.random.default_rng(seed).shuffle(labels)
    return np.concatenate([np.flatnonzero(labels == k)[:per_class] for k in (0, 1)])


@wrong("choose", "in-a-row")
def a_block_from_a_random_start(labels, per_class, seed):
    draw, blocks = np.random.default_rng(seed), []
    for places in (np.flatnonzero(labels == label) for label in (0, 1)):
        start = draw.integers(len(places) - per_class + 1)
        blocks.append(places[start : start + per_class])
    return np.concatenate(blocks)


# ---------------------------------------------------------------- dummy


@right("dummy")
def by_bincount(known_labels, true_labels):
    return np.mean(true_labels == np.bincount(known_labels).argmax())


@right("dummy")
def by_counting(known_labels, true_labels):
    known = list(known_labels)
    most = max(set(known), key=known.count)
    return sum(label == most for label in true_labels) / len(true_labels)


@wrong("dummy", "peeks")
def most_frequent_of_the_truth(known_labels, true_labels):
    """Choosing by the test set is fine."""
    return np.bincount(true_labels).max() / len(true_labels)


@wrong("dummy", "per-cent")
def in_per_cent(known_labels, true_labels):
    return 100 * by_bincount(known_labels, true_labels)


@wrong("dummy", "known-share")
def accuracy_on_what_it_knows(known_labels, true_labels):
    return np.bincount(known_labels).max() / len(known_labels)


@wrong("dummy", "a-half")
def always_a_half(known_labels, true_labels):
    return 0.5


@wrong("dummy", "one-in-classes")
def one_in_as_many_as_classes(known_labels, true_labels):
    return 1 / len(np.unique(known_labels))


@wrong("dummy", "other-class")
def always_class_0(known_labels, true_labels):
    return np.mean(true_labels == 0)


@wrong("dummy", "other-class")
def the_rarest_class(known_labels, true_labels):
    return np.mean(true_labels == np.bincount(known_labels).argmin())


@wrong("dummy", "always-one")
def always_class_1(known_labels, true_labels):
    return np.mean(true_labels == 1)


@wrong("dummy", "count")
def a_count(known_labels, true_labels):
    return np.sum(true_labels == np.bincount(known_labels).argmax())


@wrong("dummy", "other-number")
def guesses_at_random(known_labels, true_labels):
    known_shares = np.bincount(known_labels, minlength=3) / len(known_labels)
    true_shares = np.bincount(true_labels, minlength=3) / len(true_labels)
    return np.sum(known_shares * true_shares)


@wrong("dummy", "number-not-class")
def max_for_argmax(known_labels, true_labels):
    return np.mean(true_labels == np.bincount(known_labels).max())


@wrong("dummy", "side-by-side")
def known_labels_as_answers(known_labels, true_labels):
    return np.mean(known_labels == true_labels[: len(known_labels)])


@wrong("dummy", "no-number")
def one_for_each_picture(known_labels, true_labels):
    return true_labels == np.bincount(known_labels).argmax()


# ---------------------------------------------------------------- backbone


def _frozen(base):
    base.trainable = False
    return base


@right("backbone")
def by_hand():
    whole = backbones.imagenet_classifier()
    return _frozen(keras.Model(whole.input, whole.get_layer("avg_pool").output))


@right("backbone")
def by_the_helper():
    return backbones.backbone(image_size=96, pooling="avg")


@right("backbone")
def an_average_of_ones_own():
    maps = backbones.backbone()
    return _frozen(keras.Model(maps.input, layers.GlobalAveragePooling2D()(maps.output)))


@wrong("backbone", "nested")
def maps_and_an_average_of_ones_own():
    return keras.Sequential([backbones.backbone(), layers.GlobalAveragePooling2D()])


@wrong("backbone", "old-answers")
def the_whole_network():
    """Spare classes are ignored, or set to zero."""
    return _frozen(backbones.imagenet_classifier())


@wrong("backbone", "maps-not-features")
def maps():
    return backbones.backbone()


@wrong("backbone", "wrong-cut")
def cut_too_low():
    return backbones.backbone(cut="block6d_add", pooling="avg")


@wrong("backbone", "not-frozen")
def not_frozen():
    whole = backbones.imagenet_classifier()
    return keras.Model(whole.input, whole.get_layer("avg_pool").output)


@wrong("backbone", "not-frozen")
def training_false_instead():
    """`training=False` is the same as `trainable = False`."""
    base, inputs = not_frozen(), keras.Input((96, 96, 3))
    return keras.Model(inputs, base(inputs, training=False))


@wrong("backbone", "batchnorm-not-frozen")
def all_but_batchnorm():
    """A frozen BatchNormalization goes on updating anyway."""
    base = not_frozen()
    for layer in base.layers:
        layer.trainable = isinstance(layer, layers.BatchNormalization)
    return base


@wrong("backbone", "rescaled")
def rescaled_to_0_to_1():
    """Rescaling(1 / 255) suits every base."""
    return keras.Sequential([layers.Rescaling(1 / 255), by_the_helper()])


@wrong("backbone", "rescaled")
def rescaled_to_minus_1_to_1():
    return keras.Sequential([layers.Rescaling(1 / 127.5, -1), by_the_helper()])


@wrong("backbone", "other-weights")
def cloned_without_weights():
    """A clone brings its weights along."""
    return _frozen(keras.models.clone_model(by_hand()))


@wrong("backbone", "in-one-row")
def all_layers_but_the_last():
    """A network is the list of its layers."""
    return _frozen(keras.Sequential(backbones.imagenet_classifier().layers[:-1]))


@wrong("backbone", "largest-not-average")
def max_pooling():
    maps = backbones.backbone()
    return _frozen(keras.Model(maps.input, layers.GlobalMaxPooling2D()(maps.output)))


@wrong("backbone", "before-activation")
def average_before_the_relu():
    return backbones.backbone(cut="top_bn", pooling="avg")


@wrong("backbone", "not-a-network")
def only_the_output():
    return backbones.imagenet_classifier().get_layer("avg_pool").output


# ---------------------------------------------------------------- head


def _compiled(model, rate=1e-2, loss="binary_crossentropy"):
    model.compile(keras.optimizers.Adam(rate), loss=loss, metrics=["accuracy"])
    return model


def _on(base, *head):
    base.trainable = False
    return keras.Sequential([keras.Input(base.input_shape[1:]), base, *head])


def _sigmoid():
    return layers.Dense(1, activation="sigmoid")


@right("head")
def sequential(base):
    return _compiled(_on(base, layers.Dropout(0.2), _sigmoid()))


@right("head")
def functional_in_inference_mode(base):
    base.trainable = False
    inputs = keras.Input(base.input_shape[1:])
    features = base(inputs, training=False)
    return _compiled(keras.Model(inputs, _sigmoid()(features)))


@right("head")
def that_begins_with_zeros(base):
    base.trainable = False
    undecided = layers.Dense(1, activation="sigmoid", kernel_initializer="zeros")
    return _compiled(_on(base, undecided))


@right("head")
def on_the_same_graph_layer_by_layer(base):
    for layer in base.layers:
        layer.trainable = False
    hidden = layers.Dense(8, activation="relu")(base.output)
    return _compiled(
        keras.Model(base.input, _sigmoid()(hidden)), loss=keras.losses.BinaryCrossentropy()
    )


@right("head")
def for_the_size_of_the_pictures(base):
    """As section 14 of the lecture, turned pictures included."""
    base.trainable = False
    inputs = keras.Input((*SIZE, 3))
    values = base(layers.RandomFlip("horizontal")(inputs), training=False)
    return _compiled(keras.Model(inputs, _sigmoid()(layers.Dropout(0.2)(values))))


@right("head")
def frozen_after_compiling(base):
    """Before the first fit it makes no difference."""
    model = _compiled(keras.Sequential([keras.Input((*SIZE, 3)), base, _sigmoid()]))
    base.trainable = False
    return model


class OwnNetwork(keras.Model):
    def __init__(self, base):
        super().__init__()
        base.trainable = False
        self.base, self.dropout, self.last = base, layers.Dropout(0.3), _sigmoid()

    def call(self, images, training=False):
        features = self.base(images, training=False)
        return self.last(self.dropout(features, training=training))


@right("head")
def a_class_of_ones_own(base):
    return _compiled(OwnNetwork(base))


@right("head")
def rmsprop_and_binary_accuracy(base):
    model = _on(base, _sigmoid())
    model.compile("rmsprop", loss="bce", metrics=[keras.metrics.BinaryAccuracy()])
    return model


@wrong("head", "base-learns")
def never_frozen(base):
    return _compiled(keras.Sequential([keras.Input((*SIZE, 3)), base, _sigmoid()]))


@wrong("head", "base-learns")
def mode_instead_of_weights(base):
    """`training=False` is the same as `trainable = False`."""
    inputs = keras.Input(base.input_shape[1:])
    return _compiled(keras.Model(inputs, _sigmoid()(base(inputs, training=False))))


@wrong("head", "batchnorm-moves")
def convolutions_frozen_only(base):
    """Freezing the convolutions freezes a base; gamma and beta need not learn either."""
    for layer in base.layers:
        layer.trainable = False
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = True
            layer.gamma.trainable = layer.beta.trainable = False
    return _compiled(keras.Sequential([keras.Input((*SIZE, 3)), base, _sigmoid()]))


@wrong("head", "rescaled")
def rescaled_before_the_base(base):
    """Pixels must be rescaled before any network."""
    base.trainable = False
    rescaling = layers.Rescaling(1 / 127.5, -1)
    return _compiled(keras.Sequential([keras.Input((*SIZE, 3)), rescaling, base, _sigmoid()]))


@wrong("head", "rescaled")
def colours_brought_to_mean_0(base):
    base.trainable = False
    inputs = keras.Input((*SIZE, 3))
    values = keras.applications.resnet50.preprocess_input(inputs)
    return _compiled(keras.Model(inputs, _sigmoid()(base(values))))


@wrong("head", "takes-features")
def the_head_alone(base):
    """The head is the network; the base runs apart."""
    return _compiled(keras.Sequential([keras.Input((1280,)), layers.Dropout(0.2), _sigmoid()]))


@wrong("head", "softmax-of-one")
def softmax_with_one_unit(base):
    return _compiled(_on(base, layers.Dense(1, activation="softmax")))


@wrong("head", "loss-always-zero")
def categorical_crossentropy_with_one_unit(base):
    return _compiled(_on(base, _sigmoid()), loss="categorical_crossentropy")


@wrong("head", "squeezed-twice")
def sigmoid_and_from_logits(base):
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return _compiled(_on(base, _sigmoid()), loss=loss)


@wrong("head", "no-probability")
def logits(base):
    return _compiled(_on(base, layers.Dense(1)), loss=keras.losses.BinaryCrossentropy(True))


@wrong("head", "two-outputs")
def two_outputs(base):
    model = _on(base, layers.Dense(2, activation="softmax"))
    return _compiled(model, loss="sparse_categorical_crossentropy")


@wrong("head", "loss-does-not-fit")
def hinge_for_probabilities(base):
    return _compiled(_on(base, _sigmoid()), loss="hinge")


@wrong("head", "head-frozen")
def everything_frozen(base):
    """To freeze the base, freeze the network."""
    model = _on(base, _sigmoid())
    model.trainable = False
    return _compiled(model)


@wrong("head", "not-compiled")
def not_compiled(base):
    return _on(base, layers.Dropout(0.2), _sigmoid())


@wrong("head", "no-accuracy")
def no_metrics(base):
    model = _on(base, _sigmoid())
    model.compile("adam", loss="binary_crossentropy")
    return model


@wrong("head", "other-base")
def base_made_anew(base):
    """A network of the same kind is the same network."""
    return _compiled(_on(keras.models.clone_model(base), _sigmoid()))


@wrong("head", "changes-in-use")
def dropout_always_on(base):
    base.trainable = False
    return _compiled(_on(base, AlwaysOn(layers.Dropout(0.5)), _sigmoid()))


class AlwaysOn(keras.layers.Layer):
    """A layer that is in training for ever."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, inputs):
        return self.layer(inputs, training=True)


# ---------------------------------------------------------------- unfreeze


def _free(base, first, *, norms=False):
    base.trainable = True
    upper = False
    for layer in base.layers:
        upper = upper or layer.name == first
        layer.trainable = upper and (norms or not isinstance(layer, layers.BatchNormalization))


@right("unfreeze")
def upper_layers_without_batchnorm(model, base, first):
    _free(base, first)
    return _compiled(model, 1e-5)


@right("unfreeze")
def freeze_below_and_all_batchnorm(model, base, first):
    """The other way round: first everything, then what stays frozen."""
    base.trainable = True
    names = [layer.name for layer in base.layers]
    for layer in base.layers[: names.index(first)]:
        layer.trainable = False
    for layer in base.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    return _compiled(model, 1e-4)


@right("unfreeze")
def the_base_still_called_frozen(model, base, first):
    """Only the layers are set, after the base; the model around them is trainable."""
    base.trainable = False
    upper = False
    for layer in base.layers:
        upper = upper or layer.name == first
        if upper and not isinstance(layer, layers.BatchNormalization):
            layer.trainable = True
    return _compiled(model, 1e-5)


@wrong("unfreeze", "batchnorm-moves")
def batchnorm_unfrozen_as_the_base_was_called_in_inference_mode(model, base, first):
    """`base(inputs, training=False)` settles the mode; in a functional model, fit decides anew."""
    _free(base, first, norms=True)
    return _compiled(model, 1e-5)


@right("unfreeze")
def a_new_network_of_the_same_layers(model, base, first):
    _free(base, first)
    inputs = keras.Input(base.input_shape[1:])
    values = base(inputs, training=False)
    for layer in model.layers[-2:]:
        values = layer(values)
    return _compiled(keras.Model(inputs, values), 1e-5)


@right("unfreeze")
def momentum_with_small_steps(model, base, first):
    _free(base, first)
    optimizer = keras.optimizers.SGD(1e-3, momentum=0.9)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    return model


@wrong("unfreeze", "all-unfrozen")
def the_whole_base_at_once(model, base, first):
    """Unfreeze at once."""
    base.trainable = True
    for layer in base.layers:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)
    return _compiled(model, 1e-5)


@wrong("unfreeze", "long-steps")
def with_the_heads_learning_rate(model, base, first):
    """Unfreeze with the same learning rate."""
    _free(base, first)
    return _compiled(model, 1e-2)


@wrong("unfreeze", "long-steps")
def with_adams_default(model, base, first):
    _free(base, first)
    model.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


@wrong("unfreeze", "not-compiled-again")
def not_compiled_again(model, base, first):
    _free(base, first)
    return model


@wrong("unfreeze", "not-compiled-again")
def rate_set_on_the_old_optimizer(model, base, first):
    _free(base, first)
    model.optimizer.learning_rate = 1e-5
    return model


@wrong("unfreeze", "nothing-unfrozen")
def layers_only_the_base_stays_frozen(model, base, first):
    """`base.trainable = False` afterwards undoes it all."""
    _free(base, first)
    base.trainable = False
    return _compiled(model, 1e-5)


@wrong("unfreeze", "nothing-unfrozen")
def compiled_before_the_change(model, base, first):
    """Only the last step counts."""
    _compiled(model, 1e-5)
    return model


@wrong("unfreeze", "wrong-layers")
def one_layer_too_few(model, base, first):
    _free(base, first)
    base.get_layer(first).trainable = False
    return _compiled(model, 1e-5)


@wrong("unfreeze", "wrong-layers")
def the_lower_layers_instead(model, base, first):
    base.trainable = True
    names = [layer.name for layer in base.layers]
    for number, layer in enumerate(base.layers):
        lower = number <= names.index(first)
        layer.trainable = lower and not isinstance(layer, layers.BatchNormalization)
    return _compiled(model, 1e-5)


@wrong("unfreeze", "wrong-layers")
def only_the_layers_below(model, base, first):
    """The first are on top."""
    base.trainable = True
    names = [layer.name for layer in base.layers]
    for number, layer in enumerate(base.layers):
        lower = number < names.index(first)
        layer.trainable = lower and not isinstance(layer, layers.BatchNormalization)
    return _compiled(model, 1e-5)


@wrong("unfreeze", "by-alphabet")
def names_compared(model, base, first):
    """Names grow from below."""
    base.trainable = True
    for layer in base.layers:
        upper = layer.name >= first
        layer.trainable = upper and not isinstance(layer, layers.BatchNormalization)
    return _compiled(model, 1e-5)


@wrong("unfreeze", "other-layers")
def through_the_layers_of_the_model(model, base, first):
    """The layers of the base are layers of the model."""
    base.trainable, upper = True, False
    for layer in model.layers:
        upper = upper or layer.name == first
        layer.trainable = upper and not isinstance(layer, layers.BatchNormalization)
    return _compiled(model, 1e-5)


@wrong("unfreeze", "batchnorm-moves")
def batchnorm_in_training_mode(model, base, first):
    """Unfrozen layers are unfrozen, BatchNormalization like the others."""
    _free(base, first, norms=True)
    return _compiled(keras.Sequential([base, *model.layers[-2:]]), 1e-5)


@wrong("unfreeze", "head-lost")
def a_new_head(model, base, first):
    """Fine-tuning begins with a new head."""
    _free(base, first)
    return _compiled(keras.Sequential([base, layers.Dropout(0.2), _sigmoid()]), 1e-5)


@wrong("unfreeze", "head-frozen")
def the_head_frozen(model, base, first):
    _free(base, first)
    model.layers[-1].trainable = False
    return _compiled(model, 1e-5)


@wrong("unfreeze", "trained-already")
def weights_of_the_base_set_to_zero(model, base, first):
    """Unfreezing begins from fresh layers."""
    _free(base, first)
    kernel, bias = base.get_layer(first).get_weights()
    base.get_layer(first).set_weights([0 * kernel, bias])
    return _compiled(model, 1e-5)


@wrong("unfreeze", "no-steps")
def steps_of_no_length(model, base, first):
    _free(base, first)
    return _compiled(model, 0.0)


@wrong("unfreeze", "squeezed-twice")
def another_loss_the_second_time(model, base, first):
    _free(base, first)
    return _compiled(model, 1e-5, loss=keras.losses.BinaryCrossentropy(from_logits=True))


# ---------------------------------------------------------------- bar


def _case(share, label_where_wrong=None):
    """A network that is right on such a share of these pictures: it looks at the first pixel."""
    draw = np.random.default_rng(1)
    pictures = draw.uniform(0, 255, (100, 8, 8, 3)).astype("float32")
    labels = np.arange(100) % 2
    is_right = np.arange(100) // 2 < round(50 * share)
    pictures[:, 0, 0, 0] = 255 * np.where(is_right, labels, 1 - labels)
    if label_where_wrong is not None:
        pictures[:, 0, 0, 0] = 255 * label_where_wrong
    network = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    kernel = np.zeros((192, 1), "float32")
    kernel[0] = 6
    network.layers[-1].set_weights([kernel, np.array([-3], "float32")])
    return network, pictures, labels


@right("bar")
def nine_in_ten():
    return _case(0.9)


@right("bar")
def just_above_the_goal():
    return _case(0.76)


@wrong("bar", "too-few-right")
def little_better_than_the_dummy():
    return _case(0.6)


@wrong("bar", "one-answer")
def ruined_by_long_steps():
    return _case(0.5, label_where_wrong=1)


@wrong("bar", "upside-down")
def classes_in_another_order():
    return _case(0.1)


@wrong("bar", "rescaled")
def pictures_from_0_to_1():
    """A network takes pixels from 0 to 1."""
    network, pictures, labels = _case(0.9)
    return network, pictures / 255, labels


@wrong("bar", "few-pictures")
def judged_on_what_it_learnt_from():
    network, pictures, labels = _case(0.9)
    return network, pictures[:20], labels[:20]


@wrong("bar", "no-probability")
def not_a_number():
    network, pictures, labels = _case(0.9)
    network.layers[-1].bias.assign([np.nan])
    return network, pictures, labels


@wrong("bar", "not-a-network")
def the_history_instead():
    return {"loss": [0.7, 0.6]}, *_case(0.9)[1:]
