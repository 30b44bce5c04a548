"""Programs of pandas that change an object of the notebook: each must be refused."""


def v_pd_at():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.at[0, 'a'] = 9


def v_pd_iat():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.iat[0, 0] = 9


def v_pd_iloc():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.iloc[0] = 9


def v_pd_attr_column():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.a = [5, 6]


def v_pd_drop_inplace():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2], 'b': [1, 2]})
"""
    df.drop(columns='b', inplace=True)


def v_pd_fillna_inplace():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, None]})
"""
    df.fillna(0, inplace=True)


def v_pd_rename_inplace():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.rename(columns={'a': 'b'}, inplace=True)


def v_pd_reset_index():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.reset_index(inplace=True)


def v_pd_set_index():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.set_index('a', inplace=True)


def v_pd_pop():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.pop('a')


def v_pd_del_column():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    del df['a']


def v_pd_update():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.update(pd.DataFrame({'a': [9]}))


def v_pd_index_name():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.index.name = 'i'


def v_pd_index_set():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.index = ['x', 'y']


def v_pd_series_name():
    """
import pandas as pd
s = pd.Series([1, 2])
"""
    s.name = 'n'


def v_pd_series_inplace():
    """
import pandas as pd
s = pd.Series([3, 1])
"""
    s.sort_values(inplace=True)


def v_pd_series_iadd():
    """
import pandas as pd
s = pd.Series([3, 1])
"""
    t = s; t += 1


def v_pd_series_loc():
    """
import pandas as pd
s = pd.Series([3, 1], index=['a', 'b'])
"""
    s.loc['a'] = 5


def v_pd_series_new_key():
    """
import pandas as pd
s = pd.Series([3, 1], index=['a', 'b'])
"""
    s['z'] = 5


def v_pd_loc_enlarge():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.loc[5] = 9


def v_pd_loc_mask():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.loc[df.a > 1, 'a'] = 0


def v_pd_replace_inplace():
    """
import pandas as pd
s = pd.Series([3, 1])
"""
    s.replace(3, 5, inplace=True)


def v_pd_values():
    """
import pandas as pd
s = pd.Series([3, 1])
"""
    values = s.values
    if not values.flags.writeable:  # views of pandas 3 are not, until one asks for it
        values.flags.writeable = True
    values[0] = 5


def v_pd_clip_inplace():
    """
import pandas as pd
s = pd.Series([3, 1])
"""
    s.clip(0, 2, inplace=True)


def v_pd_drop_duplicates():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 1]})
"""
    df.drop_duplicates(inplace=True)


def v_pd_eval_inplace():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 1]})
"""
    df.eval('b = a + 1', inplace=True)


def v_pd_attrs():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 1]})
"""
    df.attrs['k'] = 1


def v_pd_name_of_the_index_by_setattr():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 1]})
"""
    setattr(df.index, 'name', 'i')


def v_pd_names_of_the_columns_by_setattr():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 1]})
"""
    setattr(df.columns, 'names', ['i'])


def v_pd_flags():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 1]})
"""
    df.flags.allows_duplicate_labels = False
