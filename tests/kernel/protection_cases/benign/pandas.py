"""Programs of pandas that change nothing of the notebook: none may be refused."""


def b_pd_groupby():
    """
import pandas as pd, numpy as np
df = pd.DataFrame({'k': list('abab'), 'v': [1., 2., 3., 4.], 'w': [1, 2, 3, 4]})
"""
    g = df.groupby('k'); return g.sum(), g.agg({'v': ['mean', 'max'], 'w': 'sum'}), g.apply(lambda d: d.v.max()), g.transform('mean'), g.size(), g['v'].rank(), g.cumsum(), [k for k, _ in g], g.get_group('a')


def b_pd_select():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2, 3], 'b': [4., 5., 6.], 'c': list('xyz')})
"""
    return df['a'], df[['a', 'b']], df.loc[1], df.loc[df.a > 1, 'b'], df.iloc[0, 1], df.at[0, 'a'], df.query('a > 1'), df.filter(like='a'), df.nlargest(1, 'a'), df.sample(2, random_state=1), df.tail(1), df.T, df.values.sum(axis=None) if False else df.shape, df.dtypes, df.columns.tolist(), df.index


def b_pd_transform():
    """
import pandas as pd
df = pd.DataFrame({'a': [3, 1, 2], 'b': [4., None, 6.]})
"""
    return df.fillna(0), df.dropna(), df.sort_values('a'), df.rename(columns={'a': 'z'}), df.assign(q=lambda d: d.a * 2), df.melt(), df.astype(str), df.replace(1, 9), df.round(1), df.shift(1), df.diff(), df.reset_index(), df.set_index('a'), df.drop(columns='a'), df.drop(0), (df.map if hasattr(df, 'map') else df.applymap)(str), df.pipe(lambda d: d + 1), df.clip(0, 2), df.where(df > 1), df.cumsum(), df.stack(), df.eval('a + b')


def b_pd_merge():
    """
import pandas as pd
a = pd.DataFrame({'k': [1, 2], 'x': [1, 2]}); b = pd.DataFrame({'k': [2, 3], 'y': [5, 6]})
"""
    return a.merge(b, on='k', how='outer'), pd.concat([a, b]), a.join(b.set_index('k'), on='k'), pd.concat([a, b], axis=1), a.combine_first(b), a.append(b) if hasattr(a, 'append') and False else 0


def b_pd_series():
    """
import pandas as pd
s = pd.Series([3, 1, 2], index=list('abc'), name='s')
"""
    return s['a'], s.a, s + 1, s.sort_values(), s.map(str), s.apply(lambda v: v + 1), s.rolling(2).sum(), s.expanding().mean(), s.value_counts(), s.unique(), s.isin([1]), s.between(1, 2), s.describe(), s.idxmax(), s.to_dict(), list(s.items()), s.reindex(list('abz')), s.astype(float).interpolate(), s.str if False else 0, s.corr(s), s.quantile(.5), s[s > 1], s.ewm(1).mean()


def b_pd_strings_dates():
    """
import pandas as pd
s = pd.Series(['ab', 'c d']); t = pd.Series(pd.date_range('2024', periods=5))
monthly = pd.offsets.MonthEnd().freqstr  # M, from pandas 2.2 on ME
"""
    return s.str.upper(), s.str.split(), s.str.contains('a'), s.str.len(), t.dt.year, t.dt.strftime('%Y'), t.diff(), pd.to_datetime(['2024-01-01']), pd.Timestamp('2024') + pd.Timedelta('1d'), t.max() - t.min(), pd.date_range('2024', periods=2, freq=monthly), pd.Period('2024-01', 'M')


def b_pd_categorical_multi():
    """
import pandas as pd
c = pd.Series(list('aab'), dtype='category'); m = pd.DataFrame({'v': [1, 2]}, index=pd.MultiIndex.from_tuples([('a', 1), ('b', 2)]))
"""
    return c.cat.codes, c.value_counts(), m.loc['a'], m.unstack(), m.index.get_level_values(0), pd.get_dummies(c), pd.cut([1, 2, 3], 2), pd.crosstab(c, c), m.sum(level=0) if False else m.groupby(level=0).sum(), m.xs('a'), m.sort_index()


def b_pd_own_writes():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2, 3], 'b': [4., 5., 6.]})
"""
    d = df.copy()
    d['c'] = d.a + d.b
    d.loc[0, 'a'] = 9
    d.iloc[1, 0] = 8
    d.at[2, 'a'] = 7
    d.insert(0, 'z', 1)
    d.drop(columns='z', inplace=True)
    d.columns = ['p', 'q', 'r']
    d.index.name = 'i'
    d['p'] += 1
    del d['r']
    d.sort_values('p', inplace=True)
    d.rename(columns={'p': 'pp'}, inplace=True)
    s = df['a'].copy(); s[0] = 5; s += 1; s.name = 'n'
    return d, s


def b_pd_iterate():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})
"""
    return [(i, dict(r)) for i, r in df.iterrows()], [t.a for t in df.itertuples()], list(df.items())[0][0], {c: df[c].tolist() for c in df}, df.to_dict('records'), df.to_numpy().tolist(), df.to_records().tolist()


def b_pd_io():
    """
import pandas as pd, io
df = pd.DataFrame({'a': [1, 2]})
"""
    return pd.read_csv(io.StringIO(df.to_csv(index=False))), pd.read_json(io.StringIO(df.to_json())), df.to_string(), df.to_html()[:6], repr(df), df._repr_html_()[:5], df.to_markdown() if False else 0, df.info(buf=io.StringIO())


def b_pd_from_numpy():
    """
import pandas as pd, numpy as np
a = np.arange(6.).reshape(3, 2)
"""
    d = pd.DataFrame(a.copy(), columns=['x', 'y']); d['z'] = 1; d.x[0] = 5; return d, pd.DataFrame(a).mean(), pd.Series(a[0]).sum()


def b_pd_column_of_main_into_own():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2, 3]})
"""
    d = pd.DataFrame(index=df.index); d['x'] = df['a']; d['y'] = df['a'] * 2; d = d[d.x > 1].reset_index(drop=True); d.loc[0, 'x'] = 100; return d


def b_pd_apply_user():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2], 'b': [3, 4]})
def f(r): return r.a * r.b
"""
    return df.apply(f, axis=1), df.apply(lambda c: c.max()), df.agg(['min', 'max']), df.a.agg(lambda v: v.sum()), df.groupby('a').apply(len)


def b_pd_set_axis():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 1]}); df['a']
"""
    own = df.set_axis(['b'], axis=1); own.index.name = 'i'; own.columns.names = ['c']; own.flags.allows_duplicate_labels = False
    assert list(df.columns) == ['a'] and df.index.name is None
