"""Programs of scikit-learn that change no model of the notebook: none may be refused."""


@needs("sklearn")
def b_sk_clone():
    """
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = LogisticRegression(); fitted = LogisticRegression().fit(X, y)
"""
    assert clone(model).fit(X, y).score(X, y) == clone(fitted).fit(X, y).score(X, y)
    assert not hasattr(model, 'coef_')


@needs("sklearn")
def b_sk_own_estimators():
    """
from sklearn.linear_model import SGDClassifier, Ridge
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
"""
    model = SGDClassifier()
    for part in np.array_split(np.arange(20), 4):
        model.partial_fit(X[part], y[part], classes=[0, 1])
    return Ridge().fit(X, y).set_params(alpha=2).fit(X, y).coef_, KMeans(2, n_init=1).fit_predict(X), StandardScaler().set_output(transform='pandas').fit_transform(X), model.predict(X)


@needs("sklearn")
def b_sk_own_estimators_in_c():
    """
from sklearn.svm import SVC
from sklearn.ensemble import RandomForestClassifier, HistGradientBoostingClassifier
from sklearn.neighbors import KNeighborsClassifier
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
"""
    return [model.fit(X, y).predict(X) for model in (SVC(), RandomForestClassifier(3), KNeighborsClassifier(3), HistGradientBoostingClassifier(max_iter=3))]


@needs("sklearn")
def b_sk_predict():
    """
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import SVC
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
models = [model.fit(X, y) for model in (LogisticRegression(), KNeighborsClassifier(3), RandomForestClassifier(3), SVC())]
"""
    return [(model.predict(X), model.score(X, y)) for model in models], models[0].predict_proba(X), models[0].decision_function(X), models[1].kneighbors(X[:2])


@needs("sklearn")
def b_sk_transform():
    """
from sklearn.preprocessing import StandardScaler, OneHotEncoder
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
scaler = StandardScaler().fit(X); pca = PCA(1).fit(X); words = TfidfVectorizer().fit(['one two', 'three']); kinds = OneHotEncoder().fit([['a'], ['b']])
"""
    assert np.allclose(scaler.inverse_transform(scaler.transform(X)), X)
    return pca.transform(X), words.transform(['two']).toarray(), words.get_feature_names_out(), kinds.transform([['a']]).toarray()


@needs("sklearn")
def b_sk_pipeline():
    """
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import Ridge
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
fitted = make_pipeline(StandardScaler(), Ridge()).fit(X, y)
"""
    own = make_pipeline(StandardScaler(), Ridge()).fit(X, y)
    assert np.allclose(own.predict(X), fitted.predict(X))
    return fitted.score(X, y), fitted[:-1].transform(X), fitted.named_steps['ridge'].coef_


@needs("sklearn")
def b_sk_cross_validation():
    """
from sklearn.model_selection import cross_val_score, cross_val_predict
from sklearn.linear_model import LogisticRegression
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = LogisticRegression()
"""
    return cross_val_score(model, X, y, cv=2), cross_val_predict(model, X, y, cv=2)


@needs("sklearn")
def b_sk_own_search_of_the_notebooks_model():
    """
from sklearn.model_selection import GridSearchCV
from sklearn.linear_model import Ridge
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = Ridge()
"""
    return GridSearchCV(model, {'alpha': [1, 2]}, cv=2).fit(X, y).best_params_


@needs("sklearn")
def b_sk_copies():
    """
import copy, pickle
from sklearn.linear_model import Ridge
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = Ridge()
"""
    return copy.deepcopy(model).fit(X, y).coef_, pickle.loads(pickle.dumps(model)).fit(X, y).coef_, copy.copy(model).fit(X, y).coef_


@needs("sklearn")
def b_sk_reads():
    """
from sklearn.linear_model import Ridge
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
model = Ridge().fit(X, y)
"""
    return model.get_params(), repr(model), model._repr_html_() if hasattr(model, '_repr_html_') else '', model.coef_.sum(), model.n_features_in_


@needs("sklearn")
def b_sk_users_estimator():
    """
from sklearn.base import BaseEstimator, RegressorMixin
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
class Mean(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = y.mean()
        return self
    def predict(self, X):
        return np.full(len(X), self.mean_)
fitted = Mean().fit(X, y)
"""
    return Mean().fit(X, y).score(X, y), fitted.predict(X)


@needs("sklearn")
def b_sk_data_and_measures():
    """
from sklearn.model_selection import train_test_split, KFold
from sklearn.metrics import accuracy_score, confusion_matrix, roc_auc_score
import numpy as np
X = np.random.default_rng(1).random((20, 2)); y = (X[:, 0] > .5).astype(int)
"""
    return train_test_split(X, y, random_state=1), list(KFold(2).split(X)), accuracy_score(y, y), confusion_matrix(y, y), roc_auc_score(y, X[:, 0])
