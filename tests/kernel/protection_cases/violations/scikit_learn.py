"""Programs of scikit-learn that change a model of the notebook: each must be refused."""


@needs("sklearn")
def v_sk_fit():
    """
from sklearn.linear_model import LinearRegression
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = LinearRegression()
"""
    model.fit(X, y)


@needs("sklearn")
def v_sk_fit_again():
    """
from sklearn.linear_model import Ridge
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = Ridge().fit(X, y)
"""
    model.fit(X, 1 - y)


@needs("sklearn")
def v_sk_fit_of_iterations():
    """
from sklearn.linear_model import LogisticRegression
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = LogisticRegression()
"""
    model.fit(X, y)


@needs("sklearn")
def v_sk_fit_in_c():
    """
from sklearn.svm import SVC
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = SVC()
"""
    model.fit(X, y)


@needs("sklearn")
def v_sk_fit_tree():
    """
from sklearn.tree import DecisionTreeClassifier
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = DecisionTreeClassifier()
"""
    model.fit(X, y)


@needs("sklearn")
def v_sk_fit_forest():
    """
from sklearn.ensemble import RandomForestClassifier
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = RandomForestClassifier(3)
"""
    model.fit(X, y)


@needs("sklearn")
def v_sk_fit_neighbors():
    """
from sklearn.neighbors import KNeighborsClassifier
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = KNeighborsClassifier(3)
"""
    model.fit(X, y)


@needs("sklearn")
def v_sk_fit_clusters():
    """
from sklearn.cluster import KMeans
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = KMeans(2, n_init=1)
"""
    model.fit(X)


@needs("sklearn")
def v_sk_fit_pipeline():
    """
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import Ridge
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = make_pipeline(StandardScaler(), Ridge())
"""
    return model.fit(X, y).score(X, y)


@needs("sklearn")
def v_sk_fit_step_of_pipeline():
    """
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import Ridge
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = make_pipeline(StandardScaler(), Ridge())
"""
    model[0].fit(X)


@needs("sklearn")
def v_sk_fit_columns():
    """
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import MinMaxScaler
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
columns = make_column_transformer((MinMaxScaler(), [0]))
"""
    columns.fit(X)


@needs("sklearn")
def v_sk_fit_search():
    """
from sklearn.model_selection import GridSearchCV
from sklearn.linear_model import Ridge
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
search = GridSearchCV(Ridge(), {'alpha': [1, 2]}, cv=2)
"""
    search.fit(X, y)


@needs("sklearn")
def v_sk_fit_by_a_function():
    """
from sklearn.naive_bayes import GaussianNB
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
models = {'bayes': GaussianNB()}
def train(name):
    return models[name].fit(X, y)
"""
    train('bayes')


@needs("sklearn")
def v_sk_fit_of_a_users_estimator():
    """
from sklearn.base import BaseEstimator, RegressorMixin
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
class Mean(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = y.mean()
        return self
model = Mean()
"""
    model.fit(X, y)


@needs("sklearn")
def v_sk_partial_fit():
    """
from sklearn.linear_model import SGDClassifier
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = SGDClassifier()
"""
    model.partial_fit(X, y, classes=[0, 1])


@needs("sklearn")
def v_sk_partial_fit_of_a_fitted_one():
    """
from sklearn.naive_bayes import MultinomialNB
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = MultinomialNB().fit(X, y)
"""
    model.partial_fit(X, y)


@needs("sklearn")
def v_sk_partial_fit_scaler():
    """
from sklearn.preprocessing import StandardScaler
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
scaler = StandardScaler().fit(X)
"""
    scaler.partial_fit(X * 2)


@needs("sklearn")
def v_sk_partial_fit_clusters():
    """
from sklearn.cluster import MiniBatchKMeans
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = MiniBatchKMeans(2, n_init=1)
"""
    model.partial_fit(X)


@needs("sklearn")
def v_sk_fit_predict():
    """
from sklearn.cluster import KMeans
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = KMeans(2, n_init=1)
"""
    return model.fit_predict(X)


@needs("sklearn")
def v_sk_fit_predict_density():
    """
from sklearn.cluster import DBSCAN
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = DBSCAN(eps=.2)
"""
    return model.fit_predict(X)


@needs("sklearn")
def v_sk_fit_predict_outliers():
    """
from sklearn.ensemble import IsolationForest
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = IsolationForest(n_estimators=5)
"""
    return model.fit_predict(X)


@needs("sklearn")
def v_sk_fit_transform():
    """
from sklearn.preprocessing import StandardScaler
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
scaler = StandardScaler()
"""
    return scaler.fit_transform(X)


@needs("sklearn")
def v_sk_fit_transform_components():
    """
from sklearn.decomposition import PCA
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
pca = PCA(1)
"""
    return pca.fit_transform(X)


@needs("sklearn")
def v_sk_fit_transform_texts():
    """
from sklearn.feature_extraction.text import TfidfVectorizer
words = TfidfVectorizer()
"""
    return words.fit_transform(['one two', 'two three'])


@needs("sklearn")
def v_sk_fit_transform_labels():
    """
from sklearn.preprocessing import LabelEncoder
labels = LabelEncoder()
"""
    return labels.fit_transform(['b', 'a', 'b'])


@needs("sklearn")
def v_sk_fit_transform_clusters():
    """
from sklearn.cluster import KMeans
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = KMeans(2, n_init=1)
"""
    return model.fit_transform(X)


@needs("sklearn")
def v_sk_set_params():
    """
from sklearn.linear_model import Ridge
model = Ridge()
"""
    model.set_params(alpha=3)


@needs("sklearn")
def v_sk_set_params_of_a_step():
    """
from sklearn.pipeline import make_pipeline
from sklearn.linear_model import Ridge
model = make_pipeline(Ridge())
"""
    model.set_params(ridge__alpha=3)


@needs("sklearn")
def v_sk_set_output():
    """
from sklearn.preprocessing import StandardScaler
scaler = StandardScaler()
"""
    scaler.set_output(transform='pandas')


@needs("sklearn")
def v_sk_attribute():
    """
from sklearn.linear_model import Ridge
model = Ridge()
"""
    model.alpha = 3


@needs("sklearn")
def v_sk_coefficients():
    """
from sklearn.linear_model import Ridge
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = Ridge().fit(X, y)
"""
    model.coef_[0] = 0


@needs("sklearn")
def v_sk_steps():
    """
from sklearn.pipeline import make_pipeline
from sklearn.linear_model import Ridge
model = make_pipeline(Ridge())
"""
    model.steps.append(('more', Ridge()))
